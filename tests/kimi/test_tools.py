"""The loop of tool calling, against the stand-in."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kimi_docs.domain.calls import Completion
from kimi_docs.errors import BadResponse, NotFound
from kimi_docs.kimi.tools import STOPPED, Loop, Tool, Toolbox
from kimi_docs.language import say
from tests.kimi.conftest import Desk, request

Make = Callable[..., Desk]
WANTS_PAGE = {"type": "object", "properties": {"page": {"type": "integer"}}, "required": ["page"]}


async def read_page(arguments: Mapping[str, Any]) -> str:
    if arguments["page"] > 9:
        raise NotFound(say("There is no such page."))
    return f"Text of page {arguments['page']}."


async def add(arguments: Mapping[str, Any]) -> str:
    return str(arguments["left"] + arguments["right"])


BOX = Toolbox(
    tools=(
        Tool(name="read_page", description="Reads a page.", parameters=WANTS_PAGE, work=read_page),
        Tool(name="add_up", description="Adds.", parameters={"type": "object", "properties": {}}, work=add),
    )
)


def calls(*made: tuple[str, str]) -> dict[str, Any]:
    return {"reasoning": "I must look.", "tool_calls": [{"name": name, "arguments": arguments} for name, arguments in made]}


async def done(loop: Loop) -> Completion:
    last: object = None
    async for piece in loop.ask(request("What stands on page 3?", model="kimi-k3")):
        last = piece
    assert isinstance(last, Completion)
    return last


async def test_every_call_of_a_turn_is_answered_under_its_id_and_the_reasoning_goes_back(desk: Make) -> None:
    at = desk()
    at.server.script([calls(("read_page", '{"page": 3}'), ("add_up", '{"left": 1, "right": 2}')), "It says so on page 3."])
    loop = Loop(at.caller(), BOX)
    assert (await done(loop)).text == "It says so on page 3."
    spoken, first, second = at.server.calls[1].body["messages"][-3:]
    assert spoken["reasoning_content"] == "I must look."
    assert [call["id"] for call in spoken["tool_calls"]] == [first["tool_call_id"], second["tool_call_id"]]
    assert (first["content"], second["content"]) == ("Text of page 3.", "3")
    assert loop.used == {"read_page": 1, "add_up": 1}
    assert at.reported() == at.ledger()


async def test_a_call_repeated_with_the_same_arguments_is_not_carried_out_a_third_time(desk: Make) -> None:
    at = desk()
    at.server.script([calls(("read_page", '{"page": 3}'))] * 3 + ["Enough."])
    loop = Loop(at.caller(), BOX)
    assert (await done(loop)).text == "Enough."
    assert loop.used["read_page"] == 2
    assert at.server.calls[-1].body["messages"][-1]["content"] == STOPPED


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("fly", "{}", "no tool named fly"),
        ("read_page", "{", "no JSON"),
        ("read_page", "[" * 3000, "no JSON"),
        ("read_page", '{"page": 12}', "It failed"),
        ("add_up", "[]", "object"),
    ],
)
async def test_what_goes_wrong_in_a_tool_is_told_to_the_model_and_ends_nothing(
    desk: Make, name: str, arguments: str, told: str
) -> None:
    at = desk()
    at.server.script([calls((name, arguments)), "Then not."])
    assert (await done(Loop(at.caller(), BOX))).text == "Then not."
    assert told in at.server.calls[1].body["messages"][-1]["content"]


async def test_a_model_that_never_stops_calling_is_told_to_answer_and_then_given_up(desk: Make) -> None:
    at = desk()
    at.server.script([calls(("read_page", f'{{"page": {page}}}')) for page in range(40)])
    with pytest.raises(BadResponse, match="went on calling"):
        await done(Loop(at.caller(), BOX))
    assert len(at.server.calls) == 13
    assert at.server.calls[-1].body["tool_choice"] == "none"


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        Toolbox(tools=(BOX.tools[0], BOX.tools[0]))
