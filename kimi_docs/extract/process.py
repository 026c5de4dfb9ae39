"""A command line → a child process that does jobs one after the other, with its pipes and its scratch folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import kimi_docs
from kimi_docs.extract import progress, wire

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "OPENBLAS_CORETYPE", "LD_LIBRARY_PATH")


class Child:
    """It begins to warm up at once; its first answer is waited for later."""

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
            env=_environment(self._scratch),
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
    def page_at_work(self) -> int | None:
        """The index of the page it died on or hangs at."""
        return progress.last(Path(self._scratch))

    @property
    def out_of_time(self) -> bool:
        """It was ended, by us or by the system, because it took too long."""
        signals = [getattr(signal, name, None) for name in ("SIGXCPU", "SIGPROF")]
        code = self._process.returncode
        return self.timed_out or (code is not None and code < 0 and -code in [int(one) for one in signals if one])

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
            frame = wire.read(self._results)
        except (OSError, ValueError):
            return None
        finally:
            watchdog.cancel()
        if frame is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)  # its pipe closes a moment before it is gone
        return frame

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


def _environment(scratch: str) -> dict[str, str]:
    """What a child needs to run and nothing else: no keys, no addresses, and for its home the scratch folder.

    onnxruntime would keep a record of its use in the home and send it to its maker.
    """
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    root = str(Path(kimi_docs.__file__).resolve().parents[1])
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    places = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), scratch)
    own = {"ORT_DISABLE_TELEMETRY": "1", "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    return passed | single | places | own
