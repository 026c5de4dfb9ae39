"""What the stand-in's model says: messages with documents → reasoning and an answer, always the same for the same request."""

import hashlib
import json
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tests.kimi_platform import text_of

DOCUMENT = re.compile(r"^\s*⟦document (\d+)⟧\s*$", re.MULTILINE)
PAGE = re.compile(r"^\s*⟦page (\d+)⟧\s*$")
END = re.compile(r"^\s*⟦end of document (\d+)⟧\s*$")
HAN = re.compile("[\u3400-\u9fff]")
CLAIMS_WANTED = 10
ANSWERS_WANTED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the model is given. `prefix` is the text it has to go on from."""

    messages: Sequence[Mapping[str, Any]]
    format: Mapping[str, Any]
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: object = "auto"

    @property
    def task(self) -> str:
        """The last message of the user."""
        return next((text_of(message) for message in reversed(self.messages) if message.get("role") == "user"), "")

    def task_with(self, mark: re.Pattern[str]) -> str:
        """The last message of the user that has the mark: a turn that only asks for a better form comes after it."""
        spoken = [text_of(message) for message in self.messages if message.get("role") == "user"]
        return next((text for text in reversed(spoken) if mark.search(text)), self.task)

    @property
    def name(self) -> str:
        """Of the shape wanted: summary, answer, another schema's name, object, or nothing for prose."""
        if self.format.get("type") == "json_schema":
            return str(self.format["json_schema"].get("name"))
        if self.format.get("type") == "json_object" or "json" in self.task.lower():
            words = "\n".join(text_of(message) for message in self.messages if message.get("role") != "assistant")
            shape = "summary" if '"sections"' in words else "answer" if '"found"' in words else ""
            return shape or ("object" if self.format.get("type") == "json_object" else "")
        return ""

    @property
    def has_documents(self) -> bool:
        return any(DOCUMENT.search(text_of(message)) for message in self.messages)

    @property
    def schema(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.format.get("json_schema", {}).get("schema", {})
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What the model says. `notes` tell the ledger what is not true in it."""

    content: str
    reasoning: str | None = None
    tool_calls: Sequence[Mapping[str, str]] = ()
    finish: str | None = None
    notes: Sequence[Mapping[str, Any]] = ()


class Brain(Protocol):
    """Raises nothing: a model always says something."""

    def __call__(self, asked: Asked) -> Reply: ...


# ---- Reading the documents ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words that stand on a page, white space put together."""

    text: str
    page: int
    document: int

    def quote(self) -> dict[str, Any]:
        return {"text": self.text, "page": self.page, "document": self.document}


@dataclass(slots=True)
class PageText:
    document: int
    number: int
    lines: list[str] = field(default_factory=list)


def read_pages(messages: Sequence[Mapping[str, Any]]) -> list[PageText]:
    """The pages of all documents in the messages; without any marks the messages before the task are one page."""
    pages = [page for message in messages for page in _marked_pages(text_of(message))]
    if pages:
        return pages
    plain = [text_of(message) for message in messages[:-1] if message.get("role") in ("system", "user")]
    words = "\n\n".join(plain) or "".join(text_of(message) for message in messages[-1:])
    return [PageText(1, 1, words.splitlines())]


def _marked_pages(content: str) -> Iterator[PageText]:
    document, page = 0, None
    for line in content.splitlines():
        if found := DOCUMENT.match(line):
            document, page = int(found[1]), None
        elif END.match(line):
            if page:
                yield page
            document, page = 0, None
        elif document and (found := PAGE.match(line)):
            if page:
                yield page
            page = PageText(document, int(found[1]))
        elif page:
            page.lines.append(line)
    if page:
        yield page


BREAK = re.compile(
    r"(?<=[.!?])\s+(?=[^a-z\s])|(?<=[.!?][\"”’)])\s+(?=[^a-z\s])|(?<=[。！？；])(?![”’」』])|(?<=[。！？；][”’」』])|\n\s*\n"
)


def sentences_of(page: PageText) -> list[Sentence]:
    """The sentences of a page in their order; what has no full stops is taken line by line."""
    found = []
    for piece in BREAK.split("\n".join(page.lines)):
        rows = piece.splitlines() if len(piece) > 500 else [piece]
        found += [Sentence(text, page.number, page.document) for row in rows if (text := join_lines(row))]
    return found


def join_lines(text: str) -> str:
    """White space as one space, and none between two Han characters that a line end parted."""
    text = re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t]*\n[ \t]*(?=[\u3000-\u9fff\uff00-\uffef])", "", text)
    return re.sub(r"\s+", " ", text).strip()


def is_informative(text: str) -> bool:
    """Long enough to say something, short enough to quote, and not a line of dots or figures."""
    han = len(HAN.findall(text))
    enough = han >= 8 or (len(text) >= 25 and len(text.split()) >= 4)
    return enough and len(text) <= 400 and "...." not in text and sum(map(str.isalpha, text)) * 2 > len(text.replace(" ", ""))


def _worth(sentence: Sentence) -> float:
    length = len(sentence.text) * (2 if HAN.search(sentence.text) else 1)
    return 2 * bool(re.search(r"\d", sentence.text)) + (60 <= length <= 220) + bool(re.search(r"[.。!！?？]$", sentence.text))


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read: pages, sentences, and the language to answer in."""

    pages: tuple[PageText, ...]
    by_page: tuple[tuple[Sentence, ...], ...]

    @property
    def all(self) -> list[Sentence]:
        return [sentence for page in self.by_page for sentence in page]

    @property
    def chinese(self) -> bool:
        sample = "".join(sentence.text for sentence in self.all[:60])
        return len(HAN.findall(sample)) * 4 > len(sample)

    @property
    def title(self) -> str:
        return self.all[0].text[:80].rstrip() if self.all else "Nothing to read"

    def picks(self, wanted: int = CLAIMS_WANTED) -> list[Sentence]:
        """Informative sentences spread evenly over the pages, in the order of the document."""
        ranked = [_ranked(page) for page in self.by_page if page]
        if len(ranked) > wanted:
            ranked = [ranked[index * len(ranked) // wanted] for index in range(wanted)]
        taken = [page[row] for row in range(wanted) for page in ranked if row < len(page)][:wanted]
        order = {sentence: index for index, sentence in reversed(list(enumerate(self.all)))}
        return sorted(dict.fromkeys(taken), key=order.__getitem__)


def _ranked(page: Sequence[Sentence]) -> list[Sentence]:
    good = [sentence for sentence in page if is_informative(sentence.text)]
    return sorted(good, key=_worth, reverse=True) or sorted(page, key=lambda sentence: len(sentence.text[:400]))[-1:]


def read(messages: Sequence[Mapping[str, Any]]) -> Reading:
    pages = tuple(read_pages(messages))
    return Reading(pages, tuple(tuple(sentences_of(page)) for page in pages))


# ---- Matching a question -------------------------------------------------------------------------------------------------

QUESTION = re.compile(r"(?:^|\n)\s*(?:question|q|问题)\s*[:：]\s*(?=\S)", re.IGNORECASE)
_COMMON = (
    "the and for are was were what which who whom how many much does did has have had this that these those with from "
    "into when where why will would can could should about there their its than then they you your not but all any "
    "say says said tell please answer question document documents page pages quote quotes only"
)
STOP = frozenset(_COMMON.split())
ASKING = re.compile("什么|多少|哪些|哪个|哪里|如何|怎么|怎样|为什么|是否|请问|请|文档|文件|根据|谁|吗|呢|吧|的|了|是|有|和|在|与")


def question_of(task: str) -> str:
    """What follows the last `Question:` or `问题：`, else all of the task."""
    return QUESTION.split(task)[-1]


def terms_of(text: str) -> set[str]:
    """Words without the commonest ones and without plural s, and pairs of neighbouring Han characters."""
    words = {word.removesuffix("s") for word in re.findall(r"[^\W_]{2,}", HAN.sub(" ", text).lower()) if word not in STOP}
    runs = re.findall("[\u3400-\u9fff]+", ASKING.sub(" ", text))
    return words | {run[index : index + 2] for run in runs for index in range(max(1, len(run) - 1))}


def matching(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences that share most with the question, rare words counting more; none when nothing is shared."""
    wanted = terms_of(question)
    shared = [(sentence, wanted & terms_of(sentence.text)) for sentence in sentences if len(sentence.text) <= 600]
    spread = Counter(term for _, terms in shared for term in terms)
    scored = [(sum(1 / spread[term] for term in terms) + len(terms), sentence) for sentence, terms in shared if terms]
    scored.sort(key=lambda pair: -pair[0])
    return [sentence for score, sentence in scored[:ANSWERS_WANTED] if score >= scored[0][0] * 0.6]


# ---- Giving it a shape ---------------------------------------------------------------------------------------------------


def claim(sentence: Sentence) -> dict[str, Any]:
    return {"text": sentence.text, "quotes": [sentence.quote()]}


SECTION = re.compile(r"^- ([^:：\n]{1,60})[:：]", re.MULTILINE)


def summary_of(asked: Asked, reading: Reading, sentences: Sequence[Sentence]) -> dict[str, Any]:
    """The shape named `summary`: the claims in turn over the sections that were asked for, else four to a section."""
    names = _section_names(asked)
    size = -(-len(sentences) // len(names)) if names else 4
    parts = [sentences[start : start + size] for start in range(0, len(sentences), size or 1)]
    titles = names or [_pages_title(part, reading.chinese) for part in parts]
    told = [[claim(sentence) for sentence in part] for part in parts]
    sections = [{"title": title, "claims": claims} for title, claims in zip(titles, told, strict=False)]
    return {"title": reading.title, "sections": sections}


def _section_names(asked: Asked) -> list[str]:
    """From lines like `- Main points: …` in the task, else from an enum in the schema."""
    if listed := SECTION.findall(asked.task_with(SECTION)):
        return listed
    node: Any = asked.schema
    for key in ("properties", "sections", "items", "properties", "title", "enum"):
        node = node.get(key, {}) if isinstance(node, Mapping) else {}
    return list(node)


def _pages_title(sentences: Sequence[Sentence], chinese: bool) -> str:
    first, last = sentences[0].page, sentences[-1].page
    span = str(first) if first == last else f"{first}–{last}"
    return f"第 {span} 页" if chinese else f"Page {span}" if first == last else f"Pages {span}"


def answer_of(sentences: Sequence[Sentence]) -> dict[str, Any]:
    """The shape named `answer`."""
    return {"found": bool(sentences), "claims": [claim(sentence) for sentence in sentences]}


NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
INTO = re.compile(r"into these sections: ([^\n]+?)\.(?:\s|$)")
KEPT = 20


def reduction_of(asked: Asked) -> dict[str, Any]:
    """The numbers of twenty claims spread over a numbered list, put in turn into the sections that the task names."""
    task = asked.task_with(NUMBERED)
    listed = [int(number) for number, _ in NUMBERED.findall(task)]
    kept = listed if len(listed) <= KEPT else [listed[index * len(listed) // KEPT] for index in range(KEPT)]
    found = INTO.search(task)
    names = found[1].split(", ") if found else ["All"]
    size = -(-len(kept) // len(names))
    parts = [kept[start : start + size] for start in range(0, len(kept), size)]
    sections = [{"title": name, "claims": part} for name, part in zip(names, parts, strict=False)]
    return {"title": NUMBERED.findall(task)[0][1][:80], "sections": sections}


LISTED_CLAIM = re.compile(r"^(\d+)\. Claim: (.+)$", re.MULTILINE)


def repairs_of(asked: Asked, reading: Reading) -> dict[str, Any]:
    """The sentence nearest to each listed claim, whatever it says: to judge it is not the model's part."""
    listed = LISTED_CLAIM.findall(asked.task_with(LISTED_CLAIM))
    best = {number: matching(text, reading.all)[:1] for number, text in listed}
    return {"claims": [{"claim": int(n), "quotes": [one.quote() for one in found]} for n, found in best.items()]}


class Filler:
    """The smallest instance of any JSON Schema, its strings taken from the document, each quote with its right page."""

    def __init__(self, schema: Mapping[str, Any], sentences: Sequence[Sentence]) -> None:
        self._root = schema
        self._sentences = list(sentences) or [Sentence("Nothing to read", 1, 1)]
        self._next = 0

    def fill(self) -> Any:
        return self._value(self._root, None, 0)

    def _sentence(self) -> Sentence:
        self._next += 1
        return self._sentences[(self._next - 1) % len(self._sentences)]

    def _value(self, node: Any, about: Sentence | None, depth: int) -> Any:
        node = self._resolved(node)
        if "const" in node or "enum" in node:
            return node["const"] if "const" in node else node["enum"][0]
        kinds = node.get("type") or ("object" if "properties" in node else "string")
        kind = next((kind for kind in kinds if kind != "null"), "null") if isinstance(kinds, list) else kinds
        if kind == "object" and depth < 12:
            return self._object(node, about, depth)
        if kind == "array":
            one = self._value(node.get("items", {}), about, depth + 1) if depth < 12 else None
            more = [self._value(node.get("items", {}), None, depth + 1) for _ in range(int(node.get("minItems", 1)) - 1)]
            return [one, *more] if node.get("maxItems", 1) and depth < 12 else []
        return self._plain(kind, node, about)

    def _object(self, node: Mapping[str, Any], about: Sentence | None, depth: int) -> dict[str, Any]:
        properties = node.get("properties", {})
        if "quotes" in properties or {"text", "page"} <= set(properties):
            about = about or self._sentence()
        filled = {}
        for name, child in properties.items():
            place = {"page": about.page, "document": about.document}.get(name) if about else None
            filled[name] = place if place is not None else self._value(child, about, depth + 1)
        return filled

    def _plain(self, kind: str, node: Mapping[str, Any], about: Sentence | None) -> Any:
        if kind == "string":
            text = (about or self._sentence()).text
            return text[: node.get("maxLength", len(text))].ljust(node.get("minLength", 0), ".")
        number = node.get("minimum", node.get("exclusiveMinimum", 0) + 1)
        return {"integer": int(number), "number": number, "boolean": True}.get(kind)

    def _resolved(self, node: Any) -> Mapping[str, Any]:
        while isinstance(node, Mapping):
            choices = [choice for key in ("anyOf", "oneOf") for choice in node.get(key, []) if choice.get("type") != "null"]
            if "$ref" in node:
                target: Any = self._root
                for part in node["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
                node = target
            elif choices:
                node = choices[0]
            elif "allOf" in node:
                node = node["allOf"][0]
            else:
                return node
        return {}


def shaped(asked: Asked, reading: Reading, sentences: Sequence[Sentence]) -> str:
    """The sentences in the shape the request wants, as text."""
    if asked.name == "summary":
        value: Any = summary_of(asked, reading, sentences)
    elif asked.name == "answer":
        value = answer_of(sentences)
    elif asked.name == "repair":
        value = repairs_of(asked, reading)
    elif asked.name and NUMBERED.search(asked.task_with(NUMBERED)) and not asked.has_documents:
        value = reduction_of(asked)
    elif asked.name == "object":
        value = {"summary": " ".join(sentence.text for sentence in sentences)}
    elif asked.name:
        value = Filler(asked.schema, sentences).fill()
    else:
        return ("" if reading.chinese else " ").join(sentence.text for sentence in sentences)
    return json.dumps(value, ensure_ascii=False)


# ---- The brains ------------------------------------------------------------------------------------------------------------


def chosen(asked: Asked, reading: Reading) -> list[Sentence]:
    """For an answer what matches the question, else what is worth telling."""
    return matching(question_of(asked.task_with(QUESTION)), reading.all) if asked.name == "answer" else reading.picks()


def honest(asked: Asked) -> Reply:
    """Only sentences that stand in the documents, with their right pages."""
    if asked.tools and asked.tool_choice not in ("auto", "none", None):
        return _tool_reply(asked)
    reading = read(asked.messages)
    if asked.tools and asked.tool_choice != "none" and (call := _looking_up(asked, reading)):
        return Reply(content="", tool_calls=(call,))
    if asked.name == "answer" and (computed := computed_of(asked)):
        return Reply(content=json.dumps(computed, ensure_ascii=False))
    sentences = chosen(asked, reading)
    if not asked.name and not sentences:
        return Reply(content="没有可读的内容。" if HAN.search(asked.task) else "There is nothing to read.")
    return Reply(content=shaped(asked, reading, sentences))


def _tool_reply(asked: Asked) -> Reply:
    wanted = asked.tool_choice["function"]["name"] if isinstance(asked.tool_choice, Mapping) else None
    functions = [tool["function"] for tool in asked.tools]
    function = next((function for function in functions if function["name"] == wanted), functions[0])
    arguments = Filler(function.get("parameters", {}), read(asked.messages).picks()).fill()
    call = {"name": function["name"], "arguments": json.dumps(arguments if isinstance(arguments, dict) else {})}
    return Reply(content="", tool_calls=(call,))


SUMS = re.compile(r"\b(?:sum|total|add up)\b|合计|总和|总计", re.IGNORECASE)
TABLE = re.compile(r"^(t\d+): .*?, columns (.+)$", re.MULTILINE)
NUMERIC = re.compile(r'"([^"]+)" (?:BIGINT|DOUBLE)')
RESULT = re.compile(r"^query (\d+), computed from [^\n]*\n[^\n]*\n([^\n]+)", re.MULTILINE)
PLACE = re.compile(r"^document (\d+), page (\d+): ", re.MULTILINE)


def _looking_up(asked: Asked, reading: Reading) -> Mapping[str, str] | None:
    """A sum is computed; what the pages shown do not hold is searched, and the first page found is read. Each once."""
    question = question_of(asked.task_with(QUESTION))
    told = {message.get("name"): text_of(message) for message in asked.messages if message.get("role") == "tool"}
    offered = {tool["function"]["name"]: tool["function"] for tool in asked.tools}
    if "query_table" in offered and "query_table" not in told and SUMS.search(question):
        for table, columns in TABLE.findall(offered["query_table"]["description"]):
            named = [name for name in NUMERIC.findall(columns) if name.lower() in question.lower()]
            if named:
                return _call("query_table", sql=f'SELECT sum("{named[0]}") AS total FROM {table}')
    if "search_documents" in offered and not matching(question, reading.all):
        if "search_documents" not in told:
            return _call("search_documents", query=" ".join(sorted(terms_of(question))[:6]))
        if (place := PLACE.search(told["search_documents"])) and "read_pages" not in told:
            return _call("read_pages", document=int(place[1]), pages=[int(place[2])])
    return None


def _call(name: str, **arguments: Any) -> Mapping[str, str]:
    return {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}


def computed_of(asked: Asked) -> dict[str, Any] | None:
    """The first value of the last query's result, quoted as that query."""
    found = [match for m in asked.messages if m.get("role") == "tool" for match in RESULT.finditer(text_of(m))]
    if not found:
        return None
    number, row = found[-1].groups()
    quote = {"text": f"query {number}", "page": 0, "document": 1}
    return {"found": True, "claims": [{"text": f"The total is {row.split()[0]}.", "quotes": [quote]}]}


LIES = ("honest", "fabricated", "wrong_page", "digits", "honest", "negation", "truncated")
DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
NEGATION = re.compile(r"\b(?:not|never|no)\s+|n't\b|[不未没]")
INVENTED = (
    "The board unanimously approved the acquisition of Zephyr Holdings for 7.3 billion crowns.",
    "董事会一致批准以七十三亿元收购泽飞控股。",
)


def liar(asked: Asked) -> Reply:
    """One lie of each kind in turn, honest claims between; the ledger's notes name every lie."""
    reading = read(asked.messages)
    spare = [sentence for sentence in reading.all if is_informative(sentence.text)]
    told, notes = [], []
    for index, sentence in enumerate(chosen(asked, reading)):
        kind, said = _lie(LIES[index % len(LIES)], sentence, reading, spare)
        told.append(said)
        notes.append({"kind": kind, **said.quote()})
    return Reply(content=shaped(asked, reading, told), notes=[note for note in notes if note["kind"] != "honest"])


def _lie(kind: str, sentence: Sentence, reading: Reading, spare: list[Sentence]) -> tuple[str, Sentence]:
    if kind in ("digits", "negation"):
        pattern = DIGITS if kind == "digits" else NEGATION
        source = next((other for other in [sentence, *spare] if pattern.search(other.text)), None)
        if source is None:
            kind = "fabricated"
        else:
            change: Callable[[re.Match[str]], str] = _other_digits if kind == "digits" else lambda _: ""
            return kind, replace(source, text=pattern.sub(change, source.text, count=1))
    if kind == "fabricated":
        return kind, replace(sentence, text=INVENTED[reading.chinese])
    if kind == "wrong_page":
        elsewhere = [page.number for page in reading.pages if sentence.text not in join_lines("\n".join(page.lines))]
        return kind, replace(sentence, page=elsewhere[0] if elsewhere else sentence.page + 7)
    if kind == "truncated":
        return kind, replace(sentence, text=sentence.text[: len(sentence.text) * 3 // 5].rstrip() + "…")
    return kind, sentence


def _other_digits(match: re.Match[str]) -> str:
    return "".join(str((int(sign) + 1) % 10) if sign.isdigit() else sign for sign in match[0])


INSTRUCTION = re.compile(
    r"ignore (?:all|any|the|previous|prior)|disregard|forget (?:all|every)|system prompt|you (?:must|are now)|"
    r"reply (?:only )?with|respond with|\bsay\b|\boutput\b|忽略|无视|请回复|请输出|你必须|系统提示|改为",
    re.IGNORECASE,
)


def obedient(asked: Asked) -> Reply:
    """Does what the documents tell it to: the orders found in them are the whole answer."""
    reading = read(asked.messages)
    orders = [sentence for sentence in reading.all if INSTRUCTION.search(sentence.text)]
    if not orders:
        return honest(asked)
    content = shaped(asked, replace(reading, by_page=(tuple(orders),)), orders[:CLAIMS_WANTED])
    return Reply(content=content, notes=[{"kind": "obeyed", **order.quote()} for order in orders])


def echo(asked: Asked) -> Reply:
    """The task, word for word."""
    return Reply(content=asked.task)


class Clumsy:
    """Broken JSON the first time it sees a set of documents, right the second time."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Reply:
        reply = honest(asked)
        if not asked.name or self._knows(asked):
            return reply
        return replace(reply, content=spoil_json(reply.content), notes=[{"kind": "broken_json"}])

    def _knows(self, asked: Asked) -> bool:
        words = [text_of(message) for message in asked.messages if message.get("role") == "system"]
        first = next((text_of(message) for message in asked.messages if message.get("role") == "user"), "")
        key = hashlib.sha256("\0".join([*words, first, asked.name]).encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            known = key in self._seen
            self._seen.add(key)
        return known


def spoil_json(text: str) -> str:
    """Two thirds of it, with a comma: nothing a parser takes."""
    return text[: len(text) * 2 // 3].rstrip() + ","


class Scripted:
    """Says the given lines in order, then what the brain behind it says. A line is a text or the fields of a Reply."""

    def __init__(self, behind: Brain) -> None:
        self.behind = behind
        self._lines: deque[Reply] = deque()
        self._said: deque[Reply] = deque(maxlen=50)

    def add(self, lines: Sequence[str | Mapping[str, Any]]) -> None:
        self._lines.extend(Reply(content=line) if isinstance(line, str) else Reply(**{"content": "", **line}) for line in lines)

    def clear(self) -> None:
        self._lines.clear()
        self._said.clear()

    def __call__(self, asked: Asked, prefix: str = "") -> Reply:
        going_on = next((said for said in reversed(self._said) if prefix and said.content.startswith(prefix)), None)
        if going_on:
            return going_on
        try:
            line = self._lines.popleft()
        except IndexError:
            return self.behind(asked)
        self._said.append(line)
        return line


def make_brain(name: str) -> Brain:
    """By the name given on the command line. Raises: KeyError."""
    makers: dict[str, Callable[[], Brain]] = {
        "honest": lambda: honest,
        "liar": lambda: liar,
        "obedient": lambda: obedient,
        "echo": lambda: echo,
        "clumsy": Clumsy,
    }
    return makers[name]()


BRAINS = ("honest", "liar", "obedient", "echo", "clumsy")


def go_on(full: str, prefix: str) -> str:
    """What is left to say after the prefix; all of it where the prefix is no beginning of it."""
    for beginning in (prefix, prefix.rstrip()):
        if full.startswith(beginning):
            return full[len(beginning) :]
    return full


THOUGHTS = ("Let me look at what is asked.", "先看文件里写了什么。", "I should quote only what stands there.", "页码要对。")
EFFORT_THOUGHTS = {"low": 1, "high": 3, "max": 6}


def think(asked: Asked, effort: str) -> str:
    """Some reasoning in two languages, longer with more effort."""
    repeats = EFFORT_THOUGHTS.get(effort, 6)
    return " ".join([*THOUGHTS * repeats, f"The task is: {asked.task[:60]}"])
