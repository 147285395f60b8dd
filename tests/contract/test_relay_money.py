"""The money of a run at the relay: what is reserved, shortened, waited for and refused."""

import asyncio
import json

import pytest
from support.relay import NO_MONEY, Body, Standing, play, question

from agentproxy.events.cost import ModelAsked


@pytest.mark.parametrize("form", ["messages", "chat", "responses", "gemini"])
def test_a_question_that_the_money_does_not_pay_for_is_refused_in_the_form_that_ends_it(
    form: str,
) -> None:
    async def scenario(place: Standing) -> None:
        path, body = question(form)
        assert not place.relay.out_of_money
        status, head, content = await place.ask(path, body)
        assert status == NO_MONEY[form]
        assert b"retry-after" not in head.lower()
        assert b"x-should-retry: false" in head
        error = json.loads(content)["error"]
        assert "cannot pay" in error["message"]
        assert error.get("code") in {
            "messages": (None,), "chat": ("insufficient_quota",),
            "responses": ("insufficient_quota",), "gemini": (402,),
        }[form]  # fmt: skip
        assert place.relay.out_of_money

    server, place = play(scenario, form=form, dollars=0.00001)
    assert (server.paths, place.facts) == ([], [])


@pytest.mark.parametrize(("dollars", "answered"), [(0.0195, 3), (0.04, 6)])
def test_questions_that_are_asked_at_once_wait_for_the_money_that_others_give_back(
    dollars: float, answered: int
) -> None:
    async def scenario(place: Standing) -> None:
        path, body = question("chat", stream=True, max_tokens=1000)
        answers = await asyncio.gather(*(place.ask(path, body) for _ in range(6)))
        statuses = sorted(status for status, _, _ in answers)
        assert statuses == [200] * answered + [400] * (6 - answered)

    # Each may cost a cent, and costs 0.45 cents: two at once never fit.
    _, place = play(scenario, dollars=dollars)
    assert sum(fact.usd for fact in place.settled) <= dollars


BUDGETS: dict[str, tuple[Body, list[str]]] = {
    "messages": (
        {"max_tokens": 32000, "thinking": {"type": "enabled", "budget_tokens": 31999}},
        ["max_tokens", "thinking.budget_tokens"],
    ),
    "chat": ({"max_completion_tokens": 16000, "max_tokens": 16000},
        ["max_completion_tokens", "max_tokens"]),
    "responses": ({}, ["max_output_tokens"]),
    "gemini": ({"generation_config": {"max_output_tokens": 65536}},
        ["generation_config.max_output_tokens"]),
    "ollama": ({}, []),
}  # fmt: skip


def at(body: Body, path: str) -> int:
    for name in path.split("."):
        body = body[name]
    return int(body)  # type: ignore[call-overload]


@pytest.mark.parametrize("form", ["messages", "chat", "responses", "gemini"])
def test_an_answer_is_shortened_to_what_the_money_pays_and_the_record_says_so(form: str) -> None:
    more, bounds = BUDGETS[form]

    async def scenario(place: Standing) -> None:
        status, _, content = await place.ask(*question(form, **more))
        assert status == 200, content

    server, place = play(scenario, form=form, dollars=0.05)
    (asked,) = (fact for fact in place.facts if isinstance(fact, ModelAsked))
    assert 1024 <= asked.shortened < 8192
    assert 0.045 < asked.reserved <= 0.05
    found = [at(server.asked[0], path) for path in bounds]
    assert found[0] == asked.shortened
    assert found[1:] in ([], [asked.shortened], [asked.shortened // 2])


def test_money_for_less_than_a_short_answer_pays_for_none() -> None:
    async def scenario(place: Standing) -> None:
        assert (await place.ask(*question("chat", max_tokens=16000)))[0] == 400
        assert (await place.ask(*question("chat", max_tokens=500)))[0] == 200

    server, _ = play(scenario, dollars=0.009)
    assert [body["max_tokens"] for body in server.asked] == [500]


def test_a_bound_beyond_what_the_model_can_answer_reserves_no_more_than_that() -> None:
    async def scenario(place: Standing) -> None:
        assert (await place.ask(*question("chat", max_tokens=128_000)))[0] == 200

    server, place = play(scenario)
    assert server.asked[0]["max_tokens"] == 16_384
    (asked,) = (fact for fact in place.facts if isinstance(fact, ModelAsked))
    assert (asked.shortened, asked.reserved < 0.17) == (0, True)


def test_many_answers_to_one_question_are_reserved_for_as_many() -> None:
    async def scenario(place: Standing) -> None:
        path, body = question("chat", max_tokens=1000)
        assert (await place.ask(path, {**body, "n": 100}))[0] == 400
        assert (await place.ask(path, body))[0] == 200

    play(scenario, dollars=0.1)


SHOT = "iVBORw0KGgo" * 100_000
PICTURES: dict[str, Body] = {
    "messages": {"type": "image", "source": {
        "data": SHOT, "type": "base64", "media_type": "image/png"}},
    "chat": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{SHOT}"}},
    "responses": {"type": "input_image", "image_url": f"data:image/png;base64,{SHOT}"},
    "gemini": {"inlineData": {"mimeType": "image/png", "data": SHOT}},
}  # fmt: skip


def shows(form: str, *parts: Body) -> tuple[str, Body]:
    """A question with these parts of content."""
    path, body = question(form)
    if form == "gemini":
        return path, {"contents": [{"role": "user", "parts": list(parts)}]}
    place = "input" if form == "responses" else "messages"
    return path, {**body, place: [{"role": "user", "content": list(parts)}]}


@pytest.mark.parametrize("form", list(PICTURES))
def test_a_picture_is_reserved_for_as_one_and_not_by_its_letters(form: str) -> None:
    async def scenario(place: Standing) -> None:
        status, _, content = await place.ask(*shows(form, PICTURES[form]))
        assert status == 200, content

    play(scenario, form=form, dollars=0.12)


def test_a_picture_in_a_result_is_one_too_and_a_text_that_looks_like_one_is_none() -> None:
    async def scenario(place: Standing) -> None:
        picture = PICTURES["messages"]
        result = {"type": "tool_result", "tool_use_id": "1", "content": [picture]}
        call = {"type": "tool_use", "id": "1", "name": "x", "input": picture}
        document = {**picture, "type": "document"}
        document["source"] = {**picture["source"], "media_type": "application/pdf"}
        for part, status in ((result, 200), (call, 402), (document, 402)):
            assert (await place.ask(*shows("messages", part)))[0] == status

    play(scenario, form="messages", dollars=0.12)
