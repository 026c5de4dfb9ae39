"""A picture file (png, jpg, tiff, webp, bmp, gif) → one page per frame, its text recognized where there is a recognizer."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from kimi_docs.domain.text import Extraction, Notice, PageKind, PageState
from kimi_docs.errors import Damaged, TooLarge
from kimi_docs.extract import ocr
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.pixels import check_frames, check_size
from kimi_docs.language import say

EXTRACTOR = "picture-1"
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - pictures have no passwords
    """Raises: Damaged, NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    recognize = _recognizer()
    with _opened(path) as picture:
        check_size(*picture.size)
        frames = getattr(picture, "n_frames", 1)
        check_frames(frames)
        for frame in ImageSequence.Iterator(picture):
            check_size(*frame.size)
            text = tidy(recognize(_upright(frame))) if recognize else ""
            state = PageState.RECOGNIZED if text.strip() else PageState.EMPTY
            builder.add(text, kind=PageKind.PAGE, state=state)
            if not text.strip() and recognize is None:
                message = say("This page is a picture; its text was not read.")
                builder.notice(Notice(code="picture_page", message=message, page=len(builder)))
            if _moves(picture):
                break
        about = {"pixels": f"{picture.width} × {picture.height}", "frames": str(frames)}
    return builder.finish(metadata=about)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The picture, Pillow's limits as errors. Raises: Damaged, TooLarge."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as picture:
                yield picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(
            say("This picture has more pixels than can be read."),
            say("Save it smaller, 300 dots per inch are enough, and add that."),
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise Damaged(
            say("This picture is damaged and cannot be read."), say("Open it in a picture program, save it again, and add that.")
        ) from error


def _moves(picture: Any) -> bool:
    """An animation is read by its first frame; several pages there are only in TIFF."""
    return picture.format != "TIFF" and getattr(picture, "n_frames", 1) > 1


def _upright(frame: Any) -> Any:
    """In RGB on white, turned as the camera was held."""
    turned = ImageOps.exif_transpose(frame)
    if turned.mode in {"RGBA", "LA", "PA", "P"}:
        layer = turned.convert("RGBA")
        turned = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return turned.convert("RGB")


def _recognizer() -> Callable[[Image.Image], str] | None:
    """None where this installation has no recognizer."""
    if not ocr.available():
        return None
    return ocr.recognize_picture
