"""A picture of a page → its lines of text and where they stand, through RapidOCR, with the models that came in its package.

Nothing is downloaded. The picture may lie on its side or stand on its head: its letters say which way is up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from typing import Any

from PIL import Image

from kimi_docs.domain.text import Box
from kimi_docs.extract.ocr_order import in_order

_DETECT_SIDE = 1440
"""Pixels of the longer side in which lines are looked for; they are read in the full picture."""
READ_SIDE = 2400
_SURE = 0.5
_SAMPLE = 8
_MOST_LINES = 1000
THREADS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of text and its place on the picture."""

    text: str
    box: Box


def available() -> bool:
    """The extra `ocr` is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


@cache
def _engine() -> Any:
    options = {
        "Global.log_level": "critical",
        "Global.use_vertical_padding": False,
        "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
        "Rec.rec_batch_num": 1,  # lines side by side are all made as long as the longest
        "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return import_module("rapidocr").RapidOCR(params=options)


def recognize(picture: Image.Image) -> list[Line]:
    """The lines in reading order; none where there is no text."""
    import numpy

    engine, refused = _engine(), import_module("rapidocr.main").RapidOCRError
    scale = min(1.0, READ_SIDE / max(picture.size))
    full = picture.convert("RGB").resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    shrink = min(1.0, _DETECT_SIDE / max(full.size))
    small = full.resize((max(32, round(full.width * shrink)), max(32, round(full.height * shrink))))
    pixels = numpy.asarray(full)[:, :, ::-1]
    try:
        _, found = engine.detect_and_crop(numpy.asarray(small)[:, :, ::-1], {})
        corners = numpy.asarray(found.boxes, dtype=numpy.float32)[:_MOST_LINES]
        corners = corners * numpy.array([full.width / small.width, full.height / small.height], dtype=numpy.float32)
        crops = engine.crop_text_regions(pixels, corners)
        frames = [_frame(one) for one in corners.tolist()]
        longest = sorted(range(len(frames)), key=lambda number: -max(_sides(frames[number])))[:_SAMPLE]
        _, turned = engine.cls_and_rotate([crops[number] for number in longest])
        turns = quarter_turns([frames[number] for number in longest], [label for label, _ in turned.cls_res])
        read = engine.recognize_txt([numpy.rot90(crop, 2) for crop in crops] if turns > 1 else crops)
    except refused:
        return []
    order = in_order(frames, turns, full.size)
    sure = [number for number in order if read.scores[number] >= _SURE and read.txts[number].strip()]
    return [Line(text=read.txts[number].strip(), box=_box(frames[number], full.size)) for number in sure]


def recognize_picture(picture: Image.Image) -> str:
    """The text alone, line by line."""
    return "".join(f"{line.text}\n" for line in recognize(picture))


Frame = tuple[float, float, float, float]


def _frame(corners: Sequence[Sequence[float]]) -> Frame:
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _box(frame: Frame, size: tuple[int, int]) -> Box:
    left, top, right, bottom = frame
    return Box(left=left / size[0], top=top / size[1], width=(right - left) / size[0], height=(bottom - top) / size[1])


def quarter_turns(longest: Sequence[Frame], labels: Sequence[str]) -> int:
    """How many quarters of a turn to the left set the picture upright: by the form of its lines, and which way up they are.

    Lines higher than wide have been laid down by a quarter to the left before anybody looked which way up they are.
    """
    if not longest:
        return 0
    lying = median(wide > high for wide, high in map(_sides, longest)) >= 0.5
    head_down = sum("180" in label for label in labels) > len(labels) / 2
    return {(True, False): 0, (True, True): 2, (False, False): 1, (False, True): 3}[bool(lying), head_down]


def _sides(frame: Frame) -> tuple[float, float]:
    return frame[2] - frame[0], frame[3] - frame[1]
