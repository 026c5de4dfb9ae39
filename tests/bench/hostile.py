"""Every file of the corpus' hostile/ → read by the real pool, and judged by what its row of the manifest asks for.

Counted beside it: hangs, readers that broke down, connections, files opened or written elsewhere (by strace where there is one).
Then the same files are added to `kimi-docs serve`, and while its worker reads them the screen is asked for answers.

Run: python -m tests.bench.hostile
"""

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kimi_docs.domain.document import Document
from kimi_docs.errors import DocumentError
from kimi_docs.export import plain
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import clean_name, take
from tests.bench.speed import clean_home

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
MOST_BYTES = 100 * 1024**2
HANG_SECONDS = 60.0
CODES = {"unsupported_format", "password_needed", "damaged", "empty", "too_large", "no_text"}
PORT = 9
"""Where the files want to connect to."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a file. `code` is empty for one that was read."""

    name: str
    seconds: float
    code: str = ""
    message: str = ""
    text: str = ""
    states: list[str] = field(default_factory=list)
    hidden: int = 0

    @property
    def clean(self) -> bool:
        return self.code in {"", *CODES} and len(self.message) < 500 and "Traceback" not in self.message

    @property
    def refused(self) -> bool:
        return self.code in CODES and self.clean


Wish = Callable[[Outcome], bool]


def _says(words: str) -> Wish:
    return lambda found: found.clean and words in found.text


def _code(*codes: str) -> Wish:
    return lambda found: found.clean and found.code in codes


def _no_secrets(found: Outcome) -> bool:
    return found.clean and not any(secret in found.text for secret in SECRETS) and len(found.text) < 1_000_000


def _encoded(found: Outcome) -> bool:
    wanted = json.loads((CORPUS / "hostile/generated/EXPECT_TEXT.public.json").read_text("utf-8"))
    return wanted.get(Path(found.name).name, "?") in found.text


def _names_are_safe(_: Outcome) -> bool:
    names = json.loads((CORPUS / "hostile/generated/upload_filenames.json").read_text("utf-8"))["upload_names"]
    made = [clean_name(name) for name in names]
    plain_ones = (bool(name) and not re.search(r"[/\\\x00-\x1f\u202e]", name) and name not in {".", ".."} for name in made)
    return all(plain_ones) and all(len(name.encode()) <= 200 for name in made)


def _harmless_when_shown(found: Outcome) -> bool:
    """Every sign that could begin markup is escaped where the screen draws the text."""
    return found.clean and not re.search(r"(?<!\\)<\w|(?<!\\)\]\(", plain.markdown(found.text))


SECRETS = [text for text in (socket.gethostname(), "root:x:0") if len(text) > 3]
WISHES: Sequence[tuple[str, Wish]] = (
    (r"each name used as the upload name", _names_are_safe),
    (r"^encoding:", _encoded),
    (r'opens with text "(\w+)"', _says("trav")),
    (r'text "visible text"', _says("visible text")),
    (r"^(zip|image) bomb", _code("too_large", "damaged", "unsupported_format")),
    (r"^empty: treated as empty", _code("empty")),
    (r"^(empty|broken|truncated): clear error", lambda found: found.refused),
    (r"^pdf bomb", lambda found: found.refused or "failed" in found.states),
    (r"^pdf loop: 10", lambda found: found.refused or "failed" in found.states),
    (r"1 page, no loop", lambda found: found.clean and len(found.states) <= 1),
    (r"two cells; no", lambda found: found.code == "" and len(found.text) < 100_000),
    (r"^xml:|^XML bomb", _no_secrets),
    (r"hidden text is never obeyed", lambda found: found.code == "" and bool(found.hidden) and bool(found.text.strip())),
    (r"^xss", _harmless_when_shown),
    (r"^ssrf", _harmless_when_shown),
    (r"no crash|must not crash", lambda found: found.clean and "\0" not in found.text and _encodable(found.text)),
    (r"^deep nesting: no quadratic", lambda found: found.clean and found.seconds < 10),
    (r"^wrong extension", lambda found: found.clean and (found.code == "" or bool(found.message))),
)
"""By what the row says; a row that says nothing of the kind asks for a file that is read or refused in a sentence."""


def _encodable(text: str) -> bool:
    with suppress(UnicodeEncodeError):
        return bool(text.encode()) or not text
    return False


def wish(row: dict[str, str]) -> Wish:
    if row["status"].startswith("encrypted") and row["path"].rpartition(".")[2] != "pdf":
        return _code("password_needed")
    return next((wanted for words, wanted in WISHES if re.search(words, row["why"])), lambda found: found.clean)


def rows() -> list[dict[str, str]]:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8") as opened:
        found = csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in found if row["path"].startswith("hostile/")]


def read_all() -> Iterator[Outcome]:
    with Pool(1) as pool:
        for row in rows():
            started = time.monotonic()
            outcome = _read(pool, CORPUS / row["path"])
            yield Outcome(**{**asdict(outcome), "name": row["path"], "seconds": time.monotonic() - started})


def _read(pool: Pool, path: Path) -> Outcome:
    try:
        found = take(path, max_bytes=MOST_BYTES)
        document = Document(id=found.id, name=found.name, format=found.format, bytes=found.bytes)
        made = pool.extract(path, document)
    except DocumentError as error:
        return Outcome(name="", seconds=0, code=error.code, message=error.message.text("en"))
    except Exception as error:  # noqa: BLE001 - what is counted: an error that is no sentence
        return Outcome(name="", seconds=0, code="traceback", message=repr(error))
    return Outcome(name="", seconds=0, text=made.text, states=[page.state.value for page in made.pages], hidden=len(made.hidden))


@contextmanager
def listening() -> Iterator[list[str]]:
    """Whoever connects to where the files want to."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", PORT)) as server:
        server.settimeout(0.2)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    heard.append(str(server.accept()[1]))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield heard
        finally:
            over.set()
            thread.join()


_CALLS = "connect,sendto,sendmsg,execve,open,openat,creat,mkdir,rename,renameat2,unlink,unlinkat,symlink,link,truncate,chmod"
_WRITES = re.compile(r"^\d+\s+(?:openat\(AT_FDCWD, |open\(|\w+\((?:AT_FDCWD, )?)\"([^\"]*)\"(.*)")


def traced(log: Path, scratch: Path) -> Counter[str]:
    """What the system was asked for beyond reading the file: connections, programs, files written or secrets read elsewhere."""
    odd: Counter[str] = Counter()
    for line in log.read_text("utf-8", errors="replace").splitlines():
        call = line.partition("(")[0].split()[-1]
        if call in {"connect", "sendto", "sendmsg"} and "AF_INET" in line:
            odd["connections"] += 1
        elif call not in {"connect", "sendto", "sendmsg", "execve"} and (asked := _WRITES.match(line)):
            path, how = asked[1], asked[2]
            writes = call not in {"open", "openat"} or re.search(r"O_WRONLY|O_RDWR|O_CREAT", how)
            inside = not path.startswith("/") or path.startswith((str(scratch), "/dev/null", "/dev/shm/", "/proc/self/"))
            if writes and not inside and "= -1" not in how:
                odd[f"written elsewhere: {path}"] += 1
            if path in {"/etc/hostname", "/etc/shadow"} and "= -1" not in how:
                odd[f"secret read: {path}"] += 1
    return odd


def judged() -> None:
    """Read all in a process of its own, under strace where there is one."""
    with tempfile.TemporaryDirectory() as made, listening() as heard:
        scratch, log = Path(made) / "scratch", Path(made) / "log"
        scratch.mkdir()
        before = {path: path.stat().st_mtime_ns for path in CORPUS.rglob("*")}
        strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", f"trace={_CALLS}", "-o", str(log)] if shutil.which("strace") else []
        command = [*strace, sys.executable, "-m", "tests.bench.hostile", "--read"]
        environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
        outcomes = [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]
        left = sorted(str(path) for path in scratch.rglob("*"))
        changed = {path: path.stat().st_mtime_ns for path in CORPUS.rglob("*")} != before
        odd = traced(log, scratch) if strace else Counter({"not traced, there is no strace": 1})
    _report(outcomes)
    print(f"connections heard {len(heard)}, files left behind {len(left)}, corpus changed: {changed}, seen by strace: {dict(odd)}")


def _report(outcomes: Sequence[Outcome]) -> None:
    by_name = {outcome.name: outcome for outcome in outcomes}
    wrong = 0
    for row in rows():
        found = by_name[row["path"]]
        if not wish(row)(found) or found.seconds > HANG_SECONDS:
            wrong += 1
            said = f"{found.code or 'read'} {found.message or found.text[:60]!r} {Counter(found.states)} {found.seconds:.1f} s"
            print(f"  NOT AS WANTED {row['path']}: {row['why']} → {said}")
    hangs = sum(one.seconds > HANG_SECONDS for one in outcomes)
    broke = [one.name for one in outcomes if "broke down" in one.message or "longer than" in one.message]
    codes = Counter(one.code or "read" for one in outcomes)
    slowest = max(outcomes, key=lambda one: one.seconds)
    print(f"{len(outcomes)} files, {len(outcomes) - wrong} as their row wants; {dict(codes)}")
    print(f"hangs over {HANG_SECONDS:.0f} s: {hangs}; tracebacks: {codes['traceback']}")
    print(f"slowest {slowest.name} {slowest.seconds:.1f} s")
    print(f"readers ended or broken down (each cost its file alone): {broke}")


def answering() -> None:
    """The screen while the worker reads all of hostile/: /healthz, and the library's search in a browser."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    port = 8733
    with clean_home(KIMI_DOCS_ENGINE="local") as environment:
        command = [sys.executable, "-m", "kimi_docs", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/readyz")
            _tell("idle", list(_answers(url, chromium, lambda: False)))
            adding = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.hostile", "--add"], env=environment, stdout=subprocess.DEVNULL
            )
            until = time.monotonic() + 600
            ended = lambda: time.monotonic() > until or (adding.poll() is not None and not _unfinished(url))  # noqa: E731
            started = time.monotonic()
            _tell("while the worker reads hostile/", list(_answers(url, chromium, lambda: not ended())))
            print(f"  all read after {time.monotonic() - started:.0f} s, {_unfinished(url)} not finished")
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url: str) -> None:
    for _ in range(300):
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.2)
    raise TimeoutError(url)


def _unfinished(url: str) -> int:
    with urllib.request.urlopen(f"{url}/readyz", timeout=60) as answer:
        return int(json.load(answer)["unfinished_runs"])


def _answers(url: str, chromium: str | None, on: Callable[[], bool]) -> Iterator[tuple[float, float]]:
    """Seconds of an answer of /healthz and of the library page, in turn while `on`, at least five times."""
    if not chromium:
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page: Any = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(url)
        search = page.locator(".st-key-find_document input")
        search.wait_for()
        number = 0
        while number < 5 or on():
            number += 1
            started = time.perf_counter()
            urllib.request.urlopen(f"{url}/healthz", timeout=60).close()
            health = time.perf_counter() - started
            odd = bool(number % 2)
            search.fill(f"no such name {number}" if odd else "")
            started = time.perf_counter()
            search.press("Enter")
            page.get_by_text("No document has that").first.wait_for(state="visible" if odd else "hidden")
            yield health, time.perf_counter() - started
            time.sleep(0.5)
        browser.close()


def _tell(when: str, answers: Sequence[tuple[float, float]]) -> None:
    if not answers:
        print("no Chromium here: the screen was not asked")
        return
    for name, taken in zip(("/healthz", "the library page"), zip(*answers, strict=True), strict=True):
        ordered = sorted(taken)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        middle, longest = ordered[len(ordered) // 2], ordered[-1]
        said = f"median {middle:.2f} s, p95 {p95:.2f} s, longest {longest:.2f} s (wanted ≤ 1 s)"
        print(f"{name} {when}: {len(ordered)} answers, {said}")


def add_all() -> None:
    """Add every file to the library of `KIMI_DOCS_HOME`, as the screen would."""
    from kimi_docs.domain.scope import LOCAL
    from kimi_docs.library import make_library
    from kimi_docs.settings import load_settings
    from storage.open import open_storage

    storage = open_storage(**load_settings().storage)
    library = make_library(storage, storage.blobs, load_settings, storage.close)
    for row in rows():
        path = CORPUS / row["path"]
        with suppress(DocumentError):
            library.add(LOCAL, path.read_bytes(), path.name)
    library.close()


def main() -> None:
    if not CORPUS.exists():
        print("the shared corpus is not on this machine")
        return
    judged()
    answering()
    print(f"on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if "--read" in sys.argv:
        for outcome in read_all():
            print(json.dumps(asdict(outcome)), flush=True)
    elif "--add" in sys.argv:
        add_all()
    else:
        main()
