"""A job on stdin → one file read, its result on stdout: the process that parses what strangers wrote.

Started by `process.py` with no secrets in its environment. Before it parses anything it gives up what it does not need.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from kimi_docs.domain.text import Extraction
from kimi_docs.errors import DocumentError, KimiDocsError, TooLarge, UnsupportedFormat
from kimi_docs.extract import confine, progress, twin, wire
from kimi_docs.extract.formats import reader
from kimi_docs.language import say


def main() -> None:
    jobs, results = _private_pipes()
    progress.start()
    twin.start()
    confine.for_life(scratch=Path.cwd(), memory_bytes=int(sys.argv[1]) * 1024**2, parent=int(sys.argv[2]))
    while (frame := wire.read(jobs)) is not None:
        job = json.loads(frame)
        confine.for_job(cpu_seconds=int(job["cpu_seconds"]))
        wire.write(results, _bounded(_answer(job)))


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes under new numbers, so that whatever a parser prints cannot end up among the results."""
    jobs, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return jobs, results


def _answer(job: dict[str, Any]) -> bytes:
    try:
        return _done(job)
    except KimiDocsError as error:
        return wire.dump_error(error)
    except MemoryError:
        return wire.dump_error(_too_much_memory())
    except Exception:  # noqa: BLE001 - the process boundary: whatever a parser throws costs that file alone
        return wire.dump_error(wire.unusable(""))


def _done(job: dict[str, Any]) -> bytes:
    if job["verb"] == "warm":
        for name in ("pdf", "docx", "xlsx"):
            reader(name)
        twin.settle()
        return b"{}"
    path = Path(job["path"])
    if job["verb"] == "recognize":
        return _recognized(path, job)
    if job["verb"] == "picture":
        return _picture(path, job)
    if job["verb"] == "subset":
        from kimi_docs.extract import subset

        return wire.dump_bytes(subset.pages(path, job["pages"], password=job["password"]))
    if job["format"] == "pdf":
        from kimi_docs.extract import pdf

        how = {"password": job["password"], "skip": frozenset(job["skip"]), "tabled": job["tabled"]}
        return wire.dump_extraction(pdf.draft(path, job["document"], **how))
    return wire.dump_extraction(_extraction(path, job))


def _extraction(path: Path, job: dict[str, Any]) -> Extraction:
    from kimi_docs.extract import locked

    def read(open_path: Path, format: str) -> Extraction:
        return reader(format).read(open_path, job["document"], password=job["password"])

    return locked.opened(path, job["format"], job["password"], read)


def _recognized(path: Path, job: dict[str, Any]) -> bytes:
    from kimi_docs.extract.pdf_recognize import recognize

    return wire.dump_recognized(recognize(path, job["pages"], seconds=job["seconds"], password=job["password"]))


def _picture(path: Path, job: dict[str, Any]) -> bytes:
    if job["format"] != "pdf":
        raise UnsupportedFormat(say("Only pages of a PDF can be shown as pictures."))
    from kimi_docs.extract import pdf

    how = {name: job[name] for name in ("width", "start", "end", "password", "tabled")}
    picture = pdf.picture(path, job["number"], **how)
    return wire.dump_picture(picture)


def _bounded(result: bytes) -> bytes:
    return result if len(result) <= wire.MAX_FRAME_BYTES else wire.dump_error(_too_much_memory())


def _too_much_memory() -> DocumentError:
    return TooLarge(say("Reading this file takes more memory than is allowed."), say("Split it into smaller files and add those."))


if __name__ == "__main__":
    main()
