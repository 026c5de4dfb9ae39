"""The fault table L1–L29: each row through real HTTP against the stand-in, as the sentence that must hold."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, Field

from kimi_docs.domain.calls import CallState, Completion
from kimi_docs.domain.scope import LOCAL
from kimi_docs.errors import (
    BadResponse,
    BudgetReached,
    KeyRefused,
    ModelUnavailable,
    PlatformError,
    QuotaExhausted,
    TooLong,
    TryLater,
    Withheld,
)
from kimi_docs.kimi.caller import Caller
from kimi_docs.kimi.client import Deadlines
from kimi_docs.kimi.stream import Interrupted
from kimi_docs.kimi.structured import ask_structured
from tests.kimi.conftest import QUICK, Desk, ask, ask_all, request
from tests.kimi_platform import ACCESS_KEY, ORGANIZATION

Make = Callable[..., Desk]

TEXT = "The station measured 41.7 degrees at noon. 站点在中午测得四十一点七度，比前一天高出三度。 " * 12


async def fails(caller: Caller, **more: Any) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await ask(caller, request(**more))
    return caught.value


# ---- L1–L6: the account ---------------------------------------------------------------------------------------------------


async def test_l1_a_limit_nobody_told_us_of_costs_few_refusals_and_the_batch_finishes(desk: Make) -> None:
    at = desk(rpm=20, concurrency=10, period=0.5)
    caller = at.caller()
    answers = await ask_all(caller, [request(f"Question {number}") for number in range(100)])
    assert len(answers) == 100
    assert len(at.server.calls) <= 130
    assert at.server.limits.admitted_peak <= 10


@pytest.mark.parametrize("fault", ["429_concurrency", "429_rpm", "429_rpm_bare", "429_tpm"])
async def test_l1_a_refused_request_waits_and_is_no_failure(desk: Make, fault: str) -> None:
    at = desk(period=0.2)
    at.server.fail_next(*[f"{fault}:0" if fault == "429_rpm" else fault] * 3)
    assert (await ask(at.caller(), request())).finish == "stop"
    assert len(at.server.calls) == 4
    assert at.caller().usage.possible_duplicates == 0


async def test_l2_used_up_tokens_of_the_day_park_the_account_and_nothing_is_sent_until_tomorrow(desk: Make) -> None:
    at = desk()
    at.server.fail_next("429_tpd")
    connection = at.connect()
    error = await fails(at.caller(connection))
    assert isinstance(error, TryLater)
    assert "today" in str(error)
    assert isinstance(await fails(at.caller(connection, run="another"), text="Another."), TryLater)
    assert isinstance(await fails(at.caller(run="another process"), text="A third."), TryLater)
    assert len(at.server.calls) == 1


@pytest.mark.parametrize("fault", ["429_overloaded", "429_overloaded_retry_after:0.3"])
async def test_l3_an_overloaded_provider_is_waited_for_with_fewer_at_once(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_next(*[fault] * 4)
    caller = at.caller()
    started = time.monotonic()
    answers = await ask_all(caller, [request(f"Question {number}") for number in range(8)])
    assert len(answers) == 8
    assert ":" not in fault or time.monotonic() - started >= 0.3
    assert len(at.server.calls) == 12


@pytest.mark.parametrize("fault", ["429_quota", "429_token_quota", "403_quota", "402_balance"])
async def test_l4_an_empty_purse_is_asked_once_and_stops_what_was_waiting(desk: Make, fault: str) -> None:
    at = desk(concurrency=1)
    at.server.fail_always(fault)
    connection = at.connect(concurrency=1)
    now = datetime.now(UTC)
    callers = [at.caller(connection, run=str(number), asked_at=now) for number in range(5)]
    asked = [fails(caller, text=f"Question {number}") for number, caller in enumerate(callers)]
    errors = await asyncio.gather(*asked)
    assert {type(error) for error in errors} == {QuotaExhausted}
    assert len(at.server.calls) == 1
    assert isinstance(await fails(at.caller(run="another process", asked_at=now), text="More."), QuotaExhausted)
    assert len(at.server.calls) == 1


async def test_l4_after_topping_up_what_is_asked_anew_is_sent(desk: Make) -> None:
    at = desk()
    at.server.fail_next("429_quota")
    connection = at.connect()
    await fails(at.caller(connection))
    assert (await ask(at.caller(connection), request())).finish == "stop"
    assert len(at.server.calls) == 2


@pytest.mark.parametrize("fault", ["401_key", "401_auth", "403_permission", "403_ip"])
async def test_l5_a_refused_key_is_sent_once_and_the_other_region_is_named(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_next(fault)
    error = await fails(at.caller())
    assert isinstance(error, KeyRefused)
    assert "not interchangeable" in str(error)
    assert error.request_id == at.server.calls[0].request_id
    assert len(at.server.calls) == 1


@pytest.mark.parametrize("fault", ["404_model", "404_model_old"])
async def test_l6_an_unknown_model_is_asked_once(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_next(fault)
    error = await fails(at.caller())
    assert isinstance(error, ModelUnavailable)
    assert "kimi-k2.6" in str(error)
    assert len(at.server.calls) == 1


# ---- L7–L10: what was asked, and the way there ---------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["400_context", "400_input_too_long"])
async def test_l7_a_prompt_longer_than_the_window_is_said_to_be_so_at_once(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_next(fault)
    assert isinstance(await fails(at.caller()), TooLong)
    assert len(at.server.calls) == 1


@pytest.mark.parametrize("fault", ["400_content_filter", "finish_content_filter"])
async def test_l8_what_the_filter_withholds_is_asked_once(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_next(fault)
    at.server.script([TEXT])
    assert isinstance(await fails(at.caller()), Withheld)
    assert len(at.server.calls) == 1
    assert at.reported() == at.ledger()


@pytest.mark.parametrize(
    "fault", ["408", "409", "499", "500", "500_unexpected", "502_html", "503", "504_html", "529", "empty_body", "html_200"]
)
async def test_l9_a_fault_of_the_provider_passes(desk: Make, fault: str) -> None:
    at = desk()
    times = 2 if fault in ("empty_body", "html_200") else 4
    at.server.fail_next(*[fault] * times)
    assert (await ask(at.caller(), request())).finish == "stop"
    assert len(at.server.calls) == times + 1


async def test_l9_a_fault_that_does_not_pass_is_given_up_after_five_attempts(desk: Make) -> None:
    at = desk()
    at.server.fail_always("503")
    assert isinstance(await fails(at.caller()), TryLater)
    assert len(at.server.calls) == 5


async def test_l10_a_provider_that_cannot_be_reached_is_said_and_nothing_counts_as_sent(desk: Make) -> None:
    at = desk()
    at.server.down(60)
    error = await fails(at.caller())
    assert isinstance(error, TryLater)
    assert "cannot be reached" in str(error)
    assert at.sent() == 0


async def test_l10_it_goes_on_when_the_connection_is_back(desk: Make) -> None:
    at = desk()
    at.server.down(0.4)
    caller = at.caller(backoff_seconds=0.2)
    assert (await ask(caller, request())).finish == "stop"
    assert caller.usage.possible_duplicates == 0


# ---- L11–L16: the stream ---------------------------------------------------------------------------------------------------


SHORT = Deadlines(connect=0.5, first_token=0.4, first_token_thinking=0.6, between_tokens=0.4, total=1.2)


@pytest.mark.parametrize(
    ("fault", "seconds"), [("no_first_byte", 0.4), ("stream_pings", 0.4), ("stream_stall", 0.4), ("slow_drip:3", 1.2)]
)
async def test_l11_each_deadline_ends_the_call_and_pings_are_no_tokens(desk: Make, fault: str, seconds: float) -> None:
    at = desk()
    at.server.fail_always(fault)
    at.server.script([TEXT] * 9)
    started = time.monotonic()
    client = at.connect(SHORT).client
    with pytest.raises(Interrupted) as caught:
        async for _ in client.stream(request()):
            pass
    assert isinstance(caught.value.cause, TimeoutError)
    assert time.monotonic() - started < seconds + 2
    await asyncio.sleep(0.15)
    assert at.server.calls[0].outcome in ("left", "cut")


async def test_l11_a_model_that_thinks_may_take_longer_to_begin(desk: Make) -> None:
    assert QUICK.first(request()) == QUICK.first_token
    longer = Deadlines()
    assert longer.first(request(model="kimi-k3", reasoning_effort="low")) == 300
    assert longer.first(request()) == 90


@pytest.mark.parametrize("fault", ["stream_reset", "stream_cut", "stream_no_end", "stream_half_json", "stream_bad_event"])
async def test_l12_l13_an_answer_cut_off_is_gone_on_with_and_equals_the_uncut_one(desk: Make, fault: str) -> None:
    at = desk()
    at.server.script([TEXT])
    at.server.fail_next(fault)
    caller = at.caller()
    answer = await ask(caller, request())
    assert answer.text == TEXT
    assert answer.finish == "stop"
    assert at.server.calls[-1].body["messages"][-1]["partial"] is True
    assert len(at.server.calls) == 2
    again = await ask(at.caller(run="another"), request())
    assert again.text == TEXT
    assert len(at.server.calls) == 2


async def test_l12_an_answer_cut_again_and_again_is_never_kept_as_whole(desk: Make) -> None:
    at = desk()
    at.server.script([TEXT] * 5)
    at.server.fail_always("stream_cut")
    error = await fails(at.caller())
    assert isinstance(error, TryLater)
    assert len(at.server.calls) == 4
    assert all(call.completion.finish.startswith("unfinished") for call in at.calls if call.completion)


async def test_l12_an_answer_given_up_goes_on_from_there_when_somebody_starts_it_again(desk: Make) -> None:
    at = desk()
    at.server.script([TEXT] * 9)
    at.server.fail_always("stream_cut")
    assert isinstance(await fails(at.caller()), TryLater)
    at.server.fail_always(None)
    before = len(at.server.calls)
    answer = await ask(at.caller(run="another"), request())
    assert (answer.text, answer.finish) == (TEXT, "stop")
    assert len(at.server.calls) == before + 1


async def test_l12_an_answer_cut_while_the_model_thinks_begins_anew(desk: Make) -> None:
    at = desk()
    at.server.script([{"content": "", "reasoning": "thinking " * 30}, {"content": "Done.", "reasoning": "thinking"}])
    at.server.fail_next("stream_cut")
    caller = at.caller()
    assert (await ask(caller, request(model="kimi-k3"))).text == "Done."
    assert "partial" not in at.server.calls[-1].body["messages"][-1]


async def test_l13_a_finish_without_done_is_complete_and_a_done_without_finish_is_gone_on_with(desk: Make) -> None:
    at = desk()
    at.server.script([TEXT, TEXT])
    at.server.fail_next("stream_no_done", "stream_null_finish")
    caller = at.caller()
    assert (await ask(caller, request("One"))).text == TEXT
    assert len(at.server.calls) == 1
    assert (await ask(caller, request("Two"))).text == TEXT


async def test_l14_an_answer_at_its_length_limit_is_gone_on_with_three_times_at_most(desk: Make) -> None:
    at = desk()
    at.server.script([TEXT])
    caller = at.caller()
    answer = await ask(caller, request(max_completion_tokens=150))
    assert (answer.text, answer.finish) == (TEXT, "stop")
    assert 2 <= len(at.server.calls) <= 4
    assert at.reported() == at.ledger()
    assert caller.usage.output_tokens == at.ledger()[2]

    at.server.script([TEXT * 20])
    cut = await ask(at.caller(), request("Long", max_completion_tokens=100))
    assert cut.finish == "length"
    assert (TEXT * 20).startswith(cut.text)
    before = len(at.server.calls)
    assert (await ask(at.caller(run="another"), request("Long", max_completion_tokens=100))).text == cut.text
    assert len(at.server.calls) == before


async def test_l14_a_self_hosted_server_is_told_to_continue_the_final_message(desk: Make) -> None:
    at = desk(self_hosted=True)
    at.server.script([TEXT])
    asked = replace(request(model="kimi-k2"), parameters={"max_completion_tokens": 150})
    answer = await ask(at.caller(at.connect(provider="openai-compatible")), asked)
    assert (answer.text, answer.finish) == (TEXT, "stop")
    body = at.server.calls[-1].body
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert "partial" not in body["messages"][-1]


@pytest.mark.parametrize("fault", ["400_content_filter", "429_rpm", "500"])
async def test_a_call_that_was_refused_is_on_no_receipt(desk: Make, fault: str) -> None:
    at = desk()
    at.server.script([TEXT])
    at.server.fail_next(fault)
    caller = at.caller()
    with suppress(PlatformError):
        await ask(caller, request())
    answered = sum(call.status == 200 for call in at.server.calls)
    assert caller.usage.calls == answered
    assert sum(call.completion is not None for call in at.calls) == answered


@pytest.mark.parametrize("fault", ["empty_content", "think_only", "stream_only_done", "empty_length"])
async def test_l15_an_empty_answer_is_asked_for_twice_more_and_never_kept(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_next(fault, fault)
    assert (await ask(at.caller(), request())).text
    assert len(at.server.calls) == 3
    assert at.reported() == at.ledger()

    at.server.fail_always(fault)
    assert isinstance(await fails(at.caller(), text="Again."), BadResponse)
    assert len(at.server.calls) == 6


@pytest.mark.parametrize("fault", ["json_cut", "short_body", "html_200", "empty_body", "stream_bad_event", "reset_before_headers"])
async def test_l16_no_broken_answer_reaches_a_person_as_an_exception_of_a_library(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_always(fault)
    at.server.script([TEXT] * 9)
    error = await fails(at.caller())
    assert isinstance(error, BadResponse | TryLater)
    assert error.message.text()


# ---- L17: structured answers ---------------------------------------------------------------------------------------------


class Said(BaseModel):
    title: str = ""
    points: list[str] = Field(default_factory=list)


GOOD = json.dumps({"title": "Heat", "points": ["It was hot.", "天气很热。"]}, ensure_ascii=False)


async def structured(caller: Caller, text: str = "Give JSON.") -> tuple[Said, list[Said]]:
    grown = []
    async for said, _ in ask_structured(caller, request(text), Said, name="said"):
        grown.append(said)
    return grown[-1], grown


@pytest.mark.parametrize("bad", ["broken_json", "wrong_shape", "plain words"])
async def test_l17_an_answer_of_another_form_is_repaired_with_the_error(desk: Make, bad: str) -> None:
    at = desk()
    at.server.script(["Sorry, no JSON today." if bad == "plain words" else GOOD, GOOD])
    at.server.fail_next(*[bad] if bad != "plain words" else [])
    said, _ = await structured(at.caller())
    assert said.points == ["It was hot.", "天气很热。"]
    assert len(at.server.calls) == 2
    assert "form" in at.server.calls[1].body["messages"][-1]["content"]


async def test_l17_a_second_bad_answer_is_asked_for_once_more_in_plain_words(desk: Make) -> None:
    at = desk()
    at.server.script(["no", "still no", f"Here it is:\n```json\n{GOOD}\n```"])
    said, _ = await structured(at.caller())
    assert said.title == "Heat"
    last = at.server.calls[2].body
    assert "response_format" not in last
    assert '"points"' in last["messages"][-1]["content"]

    at.server.script(["no"] * 3)
    with pytest.raises(BadResponse):
        await structured(at.caller(), "Something else.")
    assert len(at.server.calls) == 6


async def test_l17_what_could_not_be_used_three_times_is_asked_anew_by_the_next_run_and_stays_on_the_receipt(desk: Make) -> None:
    at = desk()
    at.server.script(["no", "still no", "never", GOOD])
    with pytest.raises(BadResponse):
        await structured(at.caller())
    with pytest.raises(BadResponse):  # the same run, after a restart: its answers are on record
        await structured(at.caller())
    assert len(at.server.calls) == 3
    said, _ = await structured(at.caller(run="another"))
    assert said.title == "Heat"
    said, _ = await structured(at.caller(run="a third"))
    assert said.title == "Heat"
    assert len(at.server.calls) == 4
    assert at.reported() == at.ledger()


async def test_l17_a_fence_and_words_around_json_need_no_repair(desk: Make) -> None:
    at = desk()
    at.server.script([GOOD])
    at.server.fail_next("fenced_json")
    said, _ = await structured(at.caller())
    assert said.title == "Heat"
    assert len(at.server.calls) == 1


async def test_l17_json_grows_as_it_comes(desk: Make) -> None:
    at = desk(tokens_per_second=60)
    at.server.script([json.dumps({"title": "Heat", "points": ["It was very hot at noon."] * 6})])
    _, grown = await structured(at.caller())
    counts = [len(said.points) for said in grown]
    assert counts == sorted(counts)
    assert counts[-1] == 6
    assert len(set(counts)) > 2


# ---- L18–L22 -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["ok", "usage_last_choice", "usage_top"])
async def test_l18_usage_counts_once_wherever_it_stands(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_next(fault)
    caller = at.caller()
    await ask(caller, request(TEXT * 3))
    again = at.server.calls[0]
    usage = caller.usage
    assert (usage.input_tokens, usage.output_tokens) == (again.prompt_tokens, again.completion_tokens)
    await ask(at.caller(run="second"), request(TEXT * 3, seed=1))
    assert at.reported() == at.ledger()


@pytest.mark.parametrize("fault", ["usage_missing", "usage_zero"])
async def test_l18_usage_that_is_not_told_is_counted_here_and_said_to_be(desk: Make, fault: str) -> None:
    at = desk()
    at.server.fail_next(fault)
    answer = await ask(at.caller(), request(TEXT))
    assert not answer.reported
    assert answer.input_tokens >= at.server.calls[0].prompt_tokens * 0.9


@pytest.mark.parametrize(
    "fault", ["utf8_split", "one_byte", "crlf", "bom", "stream_comments", "stream_several_lines", "unknown_fields", "repeated_keys"]
)
async def test_l19_l20_however_the_bytes_come_the_text_is_the_same(desk: Make, fault: str) -> None:
    at = desk()
    at.server.script([{"content": TEXT, "reasoning": "想一想 first"}])
    at.server.fail_next(fault)
    answer = await ask(at.caller(at.connect(Deadlines())), request(model="kimi-k3"))  # byte by byte takes long on a busy machine
    assert answer.text == TEXT
    assert answer.reasoning == "想一想 first"
    assert len(at.server.calls) == 1


async def test_l20_an_unknown_finish_is_an_end(desk: Make) -> None:
    at = desk()
    at.server.fail_next("finish_unknown")
    assert (await ask(at.caller(), request())).finish == "repeat"


async def test_l21_l22_a_slow_answer_is_seen_as_it_comes_and_cancelling_closes_the_connection_within_a_second(desk: Make) -> None:
    at = desk()
    at.server.script([TEXT])
    at.server.fail_next("slow_drip:5")
    seen: list[str] = []

    async def read() -> None:
        async with aclosing(at.caller().ask(request())) as answer:
            async for piece in answer:
                if isinstance(piece, str):
                    seen.append(piece)

    reading = asyncio.create_task(read())
    while len(seen) < 2:
        await asyncio.sleep(0.02)
    reading.cancel()
    cancelled = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await reading
    while not at.server.calls[0].settled and time.monotonic() - cancelled < 3:
        await asyncio.sleep(0.01)
    assert time.monotonic() - cancelled < 3
    assert at.server.calls[0].outcome == "left"
    assert TEXT.startswith(seen[-1])


# ---- L23–L29 -----------------------------------------------------------------------------------------------------------------


async def test_l23_a_call_left_by_a_killed_process_is_sent_once_more_and_counted_as_possible_duplicate(desk: Make) -> None:
    at = desk()
    first = at.connect()
    caller = at.caller(first)
    store = at.storage.of(LOCAL)
    at.server.fail_next("no_first_byte")
    killed = asyncio.create_task(ask(caller, request()))
    while not at.server.calls:
        await asyncio.sleep(0.01)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    call = store.find_call(request().id)
    assert call is not None
    assert call.state is CallState.SENT
    dead = replace(call, holder=f"{first.limiter.member.split('/')[0]}/999999/dead")
    store.save_call(dead)
    after = at.caller(run="after")
    await ask(after, request())
    assert after.usage.possible_duplicates == 1
    assert len(at.server.calls) == 2


async def test_l24_the_same_call_from_many_at_once_is_one_call(desk: Make) -> None:
    at = desk(latency=0.1)
    connection, elsewhere = at.connect(), at.connect()
    callers = [at.caller(connection, run="one"), at.caller(connection, run="two"), at.caller(elsewhere, run="three")]
    answers = await asyncio.gather(*(ask(caller, request()) for caller in callers * 3))
    assert len({answer.text for answer in answers}) == 1
    assert len(at.server.calls) == 1
    assert sum(caller.usage.calls for caller in callers) >= 1


async def test_l27_a_parameter_the_provider_does_not_take_is_dropped_once(desk: Make) -> None:
    at = desk()
    caller = at.caller()
    assert (await ask(caller, request(temperature=0.3))).finish == "stop"
    assert [("temperature" in call.body) for call in at.server.calls] == [True, False]
    await ask(caller, request("Another", temperature=0.3))
    assert "temperature" not in at.server.calls[-1].body
    assert len(at.server.calls) == 3


async def test_l27_calls_that_left_side_by_side_with_such_a_parameter_are_all_mended(desk: Make) -> None:
    at = desk()
    caller = at.caller()
    answers = await ask_all(caller, [request(f"Question {number}", temperature=0.3) for number in range(3)])
    assert [answer.finish for answer in answers] == ["stop"] * 3


async def test_a_budget_is_not_kept_by_guessing_what_a_model_costs(desk: Make) -> None:
    at = desk(self_hosted=True)
    caller = at.caller(at.connect(provider="openai-compatible"), budget=Decimal("0.01"))
    with pytest.raises(BudgetReached):
        await ask(caller, replace(request(model="kimi-k2"), parameters={"max_completion_tokens": 150}))
    assert at.server.calls == []


async def test_l27_a_complaint_that_stays_is_not_tried_for_ever(desk: Make) -> None:
    at = desk()
    at.server.fail_always("400_temperature")
    assert isinstance(await fails(at.caller(), temperature=0.3), BadResponse)
    assert len(at.server.calls) == 2


async def test_l28_a_date_of_long_ago_in_retry_after_is_no_wait(desk: Make) -> None:
    at = desk(period=0.2)
    at.server.fail_next("429_retry_date")
    started = time.monotonic()
    assert (await ask(at.caller(), request())).finish == "stop"
    assert time.monotonic() - started < 6


async def test_l29_an_empty_purse_of_one_key_leaves_the_other_alone(desk: Make) -> None:
    at = desk()
    at.server.fail_next("429_quota")
    now = datetime.now(UTC)
    await fails(at.caller(at.connect(), asked_at=now))
    other = at.connect(api_key="sk-test-another-0000000")
    assert (await ask(at.caller(other, asked_at=now), request("Another"))).finish == "stop"


async def test_no_secret_of_the_account_reaches_the_log_the_store_or_an_error(desk: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    at = desk(period=0.2)
    secrets = (ORGANIZATION, ACCESS_KEY, "sk-test-0123456789abcdef")
    said = []
    for fault in ("429_rpm:0", "429_quota", "401_key", "403_ip", "429_tpm", "400_temperature"):
        at.server.fail_next(fault)
        try:
            await ask(at.caller(), request(fault))
        except PlatformError as error:
            said.append(f"{error} {error.args} {error.advice}")
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith(("httpcore2", "openai")))
    kept = f"{at.storage.rows} {at.storage.meter.marks} {said} {ours}"
    assert not [secret for secret in secrets if secret in kept]


def test_a_completion_is_told_apart_from_text() -> None:
    assert not isinstance("text", Completion)


async def test_who_waits_for_the_accounts_limits_says_so_until_it_goes(desk: Make) -> None:
    at = desk(rpm=1, period=2.5)
    connection = at.connect(rpm=1)
    told: list[bool] = []
    caller = at.caller(connection)
    caller.waits = told.append
    await ask(caller, request("the first"))
    assert told == []
    await ask(caller, request("the second"))
    assert told == [True, False]


async def test_calls_one_after_the_other_share_a_connection(desk: Make) -> None:
    here = desk()
    caller = here.caller()
    for number in range(3):
        await ask(caller, request(f"Question {number}"))
    assert len(here.server.calls) == 3
    assert here.server.opened == 1
