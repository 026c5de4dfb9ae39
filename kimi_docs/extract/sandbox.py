"""A file and a document → its Extraction, read in a child process that may crash, hang or be taken over without harm."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import kimi_docs
from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Extraction, PagePicture
from kimi_docs.errors import Damaged, DocumentError, WrongUse
from kimi_docs.extract import wire
from kimi_docs.language import say

_JOBS_PER_CHILD = 100
"""A child is replaced after so many: what a parser leaks does not add up."""
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "OPENBLAS_CORETYPE", "LD_LIBRARY_PATH")


class Pool:
    """Up to `size` warm children, each doing one job at a time. Safe to share between threads.

    `extract` and `picture` raise the DocumentError the child reports; Damaged when it dies or takes longer than
    `wall_seconds`; WrongUse after `close`.
    """

    def __init__(self, size: int | None = None, *, memory_mb: int = 1500, wall_seconds: float = 60) -> None:
        self._memory_mb = memory_mb
        self._wall_seconds = wall_seconds
        # Linux ends a child with the thread that started it, so one thread that lives as long as the pool starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="kimi-docs-child")
        self._free = threading.Semaphore(size or max(1, os.cpu_count() or 1))
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()
        self._closed = False
        self._keep(self._new())

    def extract(self, path: Path, document: Document, password: str = "") -> Extraction:
        frame = self._do(path, document, verb="extract", password=password)
        return wire.load_extraction(frame, document.id)

    def picture(
        self,
        path: Path,
        document: Document,
        number: int,
        width: int = 1000,
        start: int | None = None,
        end: int | None = None,
        *,
        password: str = "",
    ) -> PagePicture:
        job = {"number": number, "width": width, "start": start, "end": end, "password": password}
        return wire.load_picture(self._do(path, document, verb="picture", **job), document.id)

    def close(self) -> None:
        """End all children, those at work too."""
        with self._lock:
            self._closed = True
            children = list(self._all)
            self._idle.clear()
            self._all.clear()
        for child in children:
            child.end()
        self._starter.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _do(self, path: Path, document: Document, **job: Any) -> bytes:
        job |= {"path": str(path.resolve()), "document": document.id, "format": document.format}
        job["cpu_seconds"] = int(self._wall_seconds) + 1
        with self._free:
            child = self._take()
            try:
                frame = child.ask(job, self._wall_seconds)
            except BaseException:
                self._drop(child)
                raise
            if frame is not None and child.jobs < _JOBS_PER_CHILD:
                self._keep(child)
            else:
                self._drop(child)
                self._replace()
        if frame is None:
            raise _no_answer(child, self._wall_seconds, document.id)
        return frame

    def _take(self) -> "_Child":
        with self._lock:
            if self._closed:
                raise WrongUse(say("Reading of documents has been shut down."))
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    return child
                self._all.discard(child)
        return self._new()

    def _new(self) -> "_Child":
        child = self._starter.submit(_Child, self._memory_mb).result()
        with self._lock:
            self._all.add(child)
        return child

    def _keep(self, child: "_Child") -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(child)
                return
        child.end()

    def _drop(self, child: "_Child") -> None:
        with self._lock:
            self._all.discard(child)
        child.end()

    def _replace(self) -> None:
        """A new child warms up while nobody waits for it."""
        with self._lock:
            wanted = not self._closed and not self._idle
        if wanted:
            self._keep(self._new())


class _Child:
    """One process, its pipes and its scratch folder. It begins to warm up at once; its first answer is waited for later."""

    def __init__(self, memory_mb: int) -> None:
        self._scratch = tempfile.mkdtemp(prefix="kimi-docs-")
        weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        self.jobs = 0
        self.timed_out = False
        command = [sys.executable, "-P", "-W", "ignore", "-m", "kimi_docs.extract.child", str(memory_mb), str(os.getpid())]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch,
            env=_environment(),
            start_new_session=True,
            close_fds=True,
        )
        self._warm = False
        self._jobs = cast(BinaryIO, self._process.stdin)
        self._results = cast(BinaryIO, self._process.stdout)
        self._send({"verb": "warm", "cpu_seconds": 60})

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def ask(self, job: dict[str, Any], wall_seconds: float) -> bytes | None:
        """The frame that answers, None when the child died or had to be ended."""
        self.jobs += 1
        if not self._warm:
            self._warm = self._receive(60) is not None
        return self._receive(wall_seconds) if self._warm and self._send(job) else None

    def _send(self, job: dict[str, Any]) -> bool:
        try:
            wire.write(self._jobs, json.dumps(job).encode())
        except OSError:
            return False
        return True

    def _receive(self, wall_seconds: float) -> bytes | None:
        watchdog = threading.Timer(wall_seconds, self._time_out)
        watchdog.daemon = True
        watchdog.start()
        try:
            return wire.read(self._results)
        except (OSError, ValueError):
            return None
        finally:
            watchdog.cancel()

    def _time_out(self) -> None:
        self.timed_out = True
        self._kill()

    def _kill(self) -> None:
        """The process and whatever it started."""
        try:
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def end(self) -> None:
        if self._process.poll() is None:
            self._kill()
        self._process.wait(timeout=10)
        for pipe in (self._jobs, self._results):
            with suppress(OSError):  # what was still to be written has no reader
                pipe.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _environment() -> dict[str, str]:
    """What a child needs to run and nothing else: no keys, no addresses, no home."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    root = str(Path(kimi_docs.__file__).resolve().parents[1])
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    own = {"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    return passed | single | own


def _no_answer(child: _Child, wall_seconds: float, document_id: str) -> DocumentError:
    cpu = getattr(signal, "SIGXCPU", None)
    if child.timed_out or (cpu is not None and child.exit_code == -cpu):
        return Damaged(
            say("Reading this file took longer than {seconds} seconds and was stopped.", seconds=round(wall_seconds, 1)),
            say("Split it, or save it again in the program it comes from."),
            document=document_id,
        )
    return Damaged(
        say("Reading this file failed: the program that reads it broke down."),
        say("The other files are not affected. Save this one again in the program it comes from."),
        document=document_id,
    )
