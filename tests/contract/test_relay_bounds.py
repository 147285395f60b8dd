"""What a worker may spend and make us hold: money for the largest answer, and bounded bodies."""

import asyncio
import json
import threading
from typing import Any

import pytest
from support.model_server import Reply, Server, model_server
from support.relay import HELLO, Body, Standing, parsed, play, question, running

from agentproxy.events.conversation import Usage
from agentproxy.events.cost import ModelAsked
from agentproxy.models.prices import Prices
from agentproxy.net.request import Bounds

NO_COUNTS: tuple[Any, ...] = (True, False, "1000", 1.5, 1000.0, 0, -1, None, [1000], {"a": 1})
PLACES: dict[str, tuple[str, ...]] = {
    "messages": ("max_tokens",),
    "chat": ("max_tokens", "max_completion_tokens", "n"),
    "responses": ("max_output_tokens",),
    "gemini": (
        "generationConfig maxOutputTokens", "generationConfig candidateCount",
        "generation_config max_output_tokens", "generation_config candidate_count",
        "generationConfig max_output_tokens",
    ),
}  # fmt: skip


def with_field(form: str, path: str, value: object) -> Body:
    """A question's body with a value at a path of names."""
    *outer, name = path.split()
    body = question(form)[1]
    inner = body
    for each in outer:
        inner = inner.setdefault(each, {})
    inner[name] = value
    return body


def with_text(fields: str) -> bytes:
    """A question's body with fields just as they are written."""
    return f"{json.dumps(question('chat')[1])[:-1]}, {fields}}}".encode()


async def post(place: Standing, content: bytes) -> tuple[int, bytes, bytes]:
    """What a body comes to that is no object of ours."""
    head = place.request(question("chat")[0], None).replace(b"GET", b"POST")
    length = b"Content-Length: %d" % len(content)
    return parsed(await place.say(head.replace(b"Content-Length: 0", length) + content))


def reserved(place: Standing) -> list[float]:
    return [fact.reserved for fact in place.facts if isinstance(fact, ModelAsked)]


@pytest.mark.parametrize(
    ("form", "path"), [(form, path) for form, paths in PLACES.items() for path in paths]
)
def test_a_bound_that_is_no_whole_number_above_0_is_refused(form: str, path: str) -> None:
    async def scenario(place: Standing) -> None:
        for value in NO_COUNTS:
            body = with_field(form, path, value)
            status, _, content = await place.ask(question(form)[0], body)
            assert status == 400, value
            assert "a whole number above 0" in json.loads(content)["error"]["message"]

    server, place = play(scenario, form=form)
    assert (server.asked, place.facts) == ([], [])


TWICE: dict[str, tuple[Any, ...]] = {
    "gemini": (
        {"generationConfig": {"maxOutputTokens": 1, "max_output_tokens": 1000}},
        {"generationConfig": {"maxOutputTokens": 1}, "generation_config": {}},
        {"generationConfig": {"candidateCount": 1, "candidate_count": 9}},
        {"generationConfig": [{"maxOutputTokens": 1}]},
    ),
    "chat": ({"reasoning": {"max_tokens": 1, "maxTokens": 9}}, {"reasoning": "none"}),
}


@pytest.mark.parametrize("form", list(TWICE))
def test_a_bound_that_is_given_in_two_spellings_or_in_no_object_is_refused(form: str) -> None:
    async def scenario(place: Standing) -> None:
        for more in TWICE[form]:
            status, _, _ = await place.ask(*question(form, **more))
            assert status == 400, more

    server, _ = play(scenario, form=form)
    assert server.asked == []


@pytest.mark.parametrize(
    "inner", ['"max_tokens": 1, "max_tokens": 1000', '"metadata": {"a": 1, "a": 2}']
)
def test_a_name_that_stands_twice_in_an_object_is_refused(inner: str) -> None:
    async def scenario(place: Standing) -> None:
        status, _, told = await post(place, with_text(inner))
        assert status == 400
        assert b"twice" in told

    server, _ = play(scenario)
    assert server.asked == []


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_a_number_that_json_does_not_have_is_refused(number: str) -> None:
    async def scenario(place: Standing) -> None:
        assert (await post(place, with_text(f'"temperature": {number}')))[0] == 400

    server, _ = play(scenario)
    assert server.asked == []


LARGEST: dict[str, tuple[str, Body, int]] = {
    "the second bound": ("chat", {"max_completion_tokens": 1, "max_tokens": 16_000}, 16_000),
    "the first bound": ("chat", {"max_completion_tokens": 16_000, "max_tokens": 1}, 16_000),
    "thoughts beside the answer": (
        "chat", {"max_tokens": 1, "thinking_budget": 50_000}, 50_000,
    ),
    "thoughts in a table": ("chat", {"max_tokens": 1, "reasoning": {"max_tokens": 50_000}}, 50_000),
    "thoughts of the messages' form": (
        "messages", {"max_tokens": 1, "thinking": {"budget_tokens": 50_000}}, 50_000,
    ),
    "a bound for another server": (
        "chat", {"max_tokens": 1, "options": {"num_predict": 16_000}}, 16_000,
    ),
    "many answers": ("chat", {"max_tokens": 5000, "n": 10}, 50_000),
    "many candidates": (
        "gemini", {"generation_config": {"max_output_tokens": 5000, "candidateCount": 10}}, 50_000,
    ),
    "no bound": ("responses", {}, 8192),
}  # fmt: skip
NAMES = {"chat": "gpt-4o", "messages": "claude-sonnet-4-6", "gemini": "gemini/gemini-2.5-pro"}


@pytest.mark.parametrize("what", list(LARGEST))
def test_money_is_kept_back_for_the_largest_answer_that_a_vendor_could_read(what: str) -> None:
    form, more, tokens = LARGEST[what]

    async def scenario(place: Standing) -> None:
        assert (await place.ask(*question(form, **more)))[0] == 200

    _, place = play(scenario, form=form)
    name = NAMES.get(form, "responses/gpt-4o")
    assert reserved(place)[0] >= Prices().of(name, Usage(output=tokens)).usd > 0


def test_thirty_questions_at_once_with_two_bounds_stay_within_the_budget() -> None:
    async def scenario(place: Standing) -> None:
        asked = question("chat", max_completion_tokens=1, max_tokens=1000)
        answers = await asyncio.gather(*(place.ask(*asked) for _ in range(30)))
        assert {status for status, _, _ in answers} == {200, 400}

    _, place = play(scenario, Reply(text=("Hi",), usage=(20, 1000)), dollars=0.02)
    assert sum(fact.usd for fact in place.settled) <= 0.02


def test_an_answer_that_cost_more_than_the_budget_is_said_to_have_spent_all() -> None:
    async def scenario(place: Standing) -> None:
        assert (await place.ask(*question("chat", max_tokens=100)))[0] == 200
        assert place.relay.out_of_money

    play(scenario, Reply(text=("Hi",), usage=(20, 100_000)), dollars=0.02)


def parts(count: int) -> Body:
    return question("chat", messages=[json.loads("{}")] * count)[1]


def test_a_body_of_more_parts_than_the_bound_is_refused_before_it_is_read() -> None:
    async def scenario(place: Standing) -> None:
        for body, status in ((parts(10), 200), (parts(60), 413), (parts(2000), 413)):
            assert (await place.ask(question("chat")[0], body))[0] == status

    server, place = play(scenario, parts=50)
    assert len(server.asked) == 1
    assert len(place.settled) == 1


def test_bodies_that_are_held_at_once_are_bounded_in_bytes_and_may_be_sent_again_later() -> None:
    async def scenario(place: Standing) -> None:
        small, large = question("chat"), question("chat", user="x" * 900)
        for asked, status in ((small, 200), (large, 503), (small, 200)):
            got, head, _ = await place.ask(*asked)
            assert got == status
            assert b"x-should-retry: false" not in head

    play(scenario, bounds=Bounds(bodies=500))


def test_what_stands_in_a_text_is_no_part() -> None:
    text = '{[,"\\' * 100
    body = question("chat", messages=[{"role": "user", "content": text}, {text: text}])[1]

    async def scenario(place: Standing) -> None:
        assert (await place.ask(question("chat")[0], body))[0] == 200

    server, _ = play(scenario, parts=50)
    assert server.asked == [body]


@pytest.mark.parametrize(
    "content", [b'{"a": "' + b"[" * 99, b'"' + b"\\" * 99, b"[" * 99, b"\xff" * 99]
)
def test_a_body_that_is_no_json_is_refused_whatever_it_holds(content: bytes) -> None:
    async def scenario(place: Standing) -> None:
        assert (await post(place, content))[0] in (400, 413)

    play(scenario, parts=50)


async def hang_up_when(arrived: threading.Event, place: Standing, *, stream: bool) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(place.request(*question("chat", stream=stream, max_tokens=700)))
    assert await asyncio.to_thread(arrived.wait, 5)
    writer.close()
    while not place.settled:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("stream", "answer"), [(False, 700), (True, 0)])
def test_a_worker_that_hangs_up_before_the_answer_pays_what_the_vendor_may_bill(
    stream: bool, answer: int
) -> None:
    arrived, leave = threading.Event(), threading.Event()

    def think(_: Body) -> Reply:
        arrived.set()
        leave.wait(5)
        return HELLO

    async def story(server: Server) -> Standing:
        async with running(server, "chat") as place:
            await hang_up_when(arrived, place, stream=stream)
            leave.set()
        return place

    with model_server(think=think) as server:
        place = asyncio.run(asyncio.wait_for(story(server), 30))
    (settled,) = place.settled
    assert settled.estimated
    assert settled.usage.input > 0
    assert settled.usage.output == answer


def test_a_vendor_that_had_the_question_and_hangs_up_may_bill_it() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}]")
        writer.close()

    async def story() -> Standing:
        vendor = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{vendor.sockets[0].getsockname()[1]}"
        async with vendor, running(Server([HELLO], url=url), "chat") as place:
            assert (await place.ask(*question("chat", max_tokens=700)))[0] == 502
        return place

    place = asyncio.run(asyncio.wait_for(story(), 30))
    (settled,) = place.settled
    assert settled.estimated
    assert (settled.usage.input > 0, settled.usage.output) == (True, 700)
