"""A person's own templates ↔ YAML files in the home folder. A file somebody sent is data: small, flat, words only."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kimi_docs.analyze.templates import TEMPLATES, Template
from kimi_docs.errors import NotFound, WrongUse
from kimi_docs.language import Message, say

FOLDER = "templates"
MOST_BYTES = 65_536
MOST_SECTIONS = 20
DEEPEST = 4
LONGEST_TITLE = 80
LONGEST_INSTRUCTION = 1_000
YAML_ERRORS = (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError)
"""What reading YAML raises: the last three for a value that is not of the type it says, `!!bool maybe`."""
NAME = re.compile(r"\w[\w -]{0,38}\w")
"""What can stand in a file's name on every system and leads to no other folder."""
EXAMPLE = "{name: due-diligence, sections: [{title: Risks, instruction: clauses that deserve a second look}]}"


def parse_template(content: str) -> Template:
    """Raises: WrongUse."""
    if len(content.encode("utf-8", "replace")) > MOST_BYTES:
        raise _wrong(say("A template has at most {most} bytes.", most=MOST_BYTES))
    try:
        if not flat(content):
            raise _wrong(say("A template has no references (&, *) in it, and nothing nested deeply."))
        told = yaml.safe_load(content)
    except YAML_ERRORS as error:
        raise _wrong(say("This is no YAML: {reason}", reason=str(error).split("\n")[0][:200])) from error
    if not isinstance(told, dict):
        raise _wrong(say("A template has a name and sections."))
    name, sections = _words(told.get("name"), LONGEST_TITLE), told.get("sections")
    if not NAME.fullmatch(name) or name in TEMPLATES:
        message = say("“{name}” cannot be a template's name: use letters, digits, spaces and hyphens, and none of ours.", name=name)
        raise _wrong(message)
    if not isinstance(sections, list) or not 1 <= len(sections) <= MOST_SECTIONS:
        raise _wrong(say("A template has 1 to {most} sections.", most=MOST_SECTIONS))
    made = tuple(_section(each) for each in sections)
    if len({title for title, _, _ in made}) < len(made):
        raise _wrong(say("Two sections have the same title."))
    return Template(id=name, name=name, sections=made)


def flat(content: str) -> bool:
    """No references, which can grow without end, and no nesting that could exhaust the stack. Raises: YAMLError."""
    depth = 0
    for event in yaml.parse(content, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
            return False
    return True


def _section(each: Any) -> tuple[str, str, str]:
    told = each if isinstance(each, dict) else {"title": each}
    title = _words(told.get("title"), LONGEST_TITLE)
    asked = _words(told.get("instruction", title), LONGEST_INSTRUCTION)
    return title, title, asked


def _words(value: Any, longest: int) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or len(text) > longest or not text.isprintable():
        message = say(
            "Each name, title and instruction is one line of words, a title of at most {most} characters.", most=LONGEST_TITLE
        )
        raise _wrong(message)
    return text


def as_yaml(template: Template) -> str:
    """The file that `parse_template` reads."""
    sections = [{"title": title, "instruction": asked} for title, _, asked in template.sections]
    written: str = yaml.safe_dump({"name": template.name, "sections": sections}, allow_unicode=True, sort_keys=False, width=100)
    return written


def own_templates(home: Path) -> Mapping[str, Template]:
    """Those that can be read, by name. One that somebody spoiled by hand is passed over; `get_own` says what is wrong with it."""
    found = {}
    for path in sorted((home / FOLDER).glob("*.yaml")):
        try:
            found[path.stem] = get_own(home, path.stem)
        except (WrongUse, NotFound):
            continue
    return found


def get_own(home: Path, name: str) -> Template:
    """Raises: NotFound, WrongUse."""
    path = _path(home, name)
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1).decode("utf-8-sig", "replace")
    except OSError as error:
        raise NotFound(say("There is no template {template} of your own.", template=name)) from error
    template = parse_template(content)
    if template.id != name:
        raise _wrong(say("The file {name} holds a template of another name.", name=path.name))
    return template


def save_own(home: Path, template: Template) -> None:
    """Keep it; one of the same name is replaced."""
    path = _path(home, template.id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(as_yaml(template), encoding="utf-8")
    part.chmod(0o600)
    part.replace(path)


def remove_own(home: Path, name: str) -> None:
    """Raises: NotFound."""
    try:
        _path(home, name).unlink()
    except OSError as error:
        raise NotFound(say("There is no template {template} of your own.", template=name)) from error


def _path(home: Path, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise NotFound(say("There is no template {template} of your own.", template=name))
    return home / FOLDER / f"{name}.yaml"


def _wrong(message: Message) -> WrongUse:
    return WrongUse(message, say("Write it such as: {example}", example=EXAMPLE))
