"""The model relay over plain loopback: what passes, what it costs, and what does not pass."""

import asyncio
import json

import pytest
from support.model_server import Reply, Server, model_server
from support.relay import (
    HELLO,
    KEY,
    NAMES,
    REFUSED,
    Body,
    Standing,
    parsed,
    play,
    question,
    running,
)

from agentproxy.events.cost import ModelAsked
from agentproxy.models.prices import Prices
from agentproxy.models.relay.refusals import REFUSALS, wording


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("form", list(NAMES))
def test_a_question_passes_with_the_real_key_and_is_priced_by_what_the_answer_tells(
    form: str, stream: bool
) -> None:
    path, body = question(form, stream=stream)

    async def scenario(place: Standing) -> None:
        status, head, content = await place.ask(path, body, "X-Api-Key: nonsense")
        assert status == 200, content
        assert (b"text/event-stream" in head) == stream
        assert b"there." in content
        assert KEY.encode() not in head + content

    server, place = play(scenario, form=form)
    head = server.heads[0]
    shown = {head.get("x-api-key"), head.get("authorization"), head.get("x-goog-api-key")}
    assert shown & {KEY, f"Bearer {KEY}"}
    assert place.token not in json.dumps(head)
    assert server.paths == [path]
    (settled,) = place.settled
    assert (settled.usage.input, settled.usage.output) == (1000, 200)
    assert not settled.estimated
    expected = Prices().of(NAMES[form], settled.usage)
    assert (settled.usd, settled.priced) == (expected.usd, expected.known)
    asked = next(fact for fact in place.facts if isinstance(fact, ModelAsked))
    assert (asked.call, asked.model, asked.purpose) == (settled.call, NAMES[form], "work")


def test_a_chat_that_did_not_ask_for_its_use_is_not_told_of_it() -> None:
    async def scenario(place: Standing) -> None:
        path, body = question("chat", stream=True)
        _, _, silent = await place.ask(path, body)
        _, _, asking = await place.ask(path, {**body, "stream_options": {"include_usage": True}})
        assert b'"usage"' not in silent
        assert silent.endswith(b"data: [DONE]\n\n")
        assert b'"usage"' in asking

    server, _ = play(scenario)
    assert [body["stream_options"] for body in server.asked] == [{"include_usage": True}] * 2


def test_the_model_may_be_called_by_its_own_or_by_our_name_and_by_no_other() -> None:
    async def scenario(place: Standing) -> None:
        for name in ("gpt-4o", "responses/gpt-4o", "openai/gpt-4o"):
            path, body = question("responses")
            assert (await place.ask(path, {**body, "model": name}))[0] == 200
        for other in ("gpt-4o-mini", "", None, ["gpt-4o"], {"gpt-4o": 1}):
            status, _, content = await place.ask(path, {**body, "model": other})
            assert status == 400
            assert b"is not granted: ask for gpt-4o" in content
        twice = json.dumps(body).replace('"input"', '"model": "gpt-4o-pro", "input"')
        raw = place.request(path, body).replace(b"Content-Length: ", b"X-Was: ")
        head, _, _ = raw.partition(b"\r\n\r\n")
        length = f"\r\nContent-Length: {len(twice)}\r\n\r\n".encode()
        assert parsed(await place.say(head + length + twice.encode()))[0] == 400

    server, _ = play(scenario, form="responses")
    assert [body["model"] for body in server.asked] == ["gpt-4o"] * 3


SEVERAL = {
    "messages": ("claude-haiku-*", "claude-haiku-4-5", "claude-haiku-5-5"),
    "responses": ("*-mini", "responses/gpt-4o-mini", "gpt-9-mini"),
    "gemini": ("*flash*", "gemini/gemini-2.5-flash", "gemini-9-flash"),
}


@pytest.mark.parametrize("form", list(SEVERAL))
def test_other_models_that_are_granted_answer_for_their_names_and_are_priced_each(
    form: str,
) -> None:
    pattern, other, name = SEVERAL[form]
    own = other.rpartition("/")[2]

    def asks(model: str) -> tuple[str, Body]:
        path, body = question(form)
        if form == "gemini":
            return path.replace("gemini-2.5-pro", model), body
        return path, {**body, "model": model}

    async def scenario(place: Standing) -> None:
        for model in (name, own, "claude-opus-5-5"):
            status, _, content = await place.ask(*asks(model))
            assert status == (200 if model in (name, own) else REFUSED[form]), content
        assert (await place.ask(*question(form)))[0] == 200

    server, place = play(scenario, form=form, also={pattern: other})
    assert [fact.model for fact in place.settled] == [other, other, NAMES[form]]
    cheap, dear = (Prices().of(model, place.settled[0].usage).usd for model in (other, NAMES[form]))
    assert [fact.usd for fact in place.settled] == [cheap, cheap, dear]
    assert cheap < dear
    if form == "gemini":
        assert [path.split(":")[0].rpartition("/")[2] for path in server.paths] == [
            own, own, "gemini-2.5-pro",
        ]  # fmt: skip
    else:
        names = [body["model"] for body in server.asked]
        assert names == [own, own, place.relay.variables("")["AGENTPROXY_MODEL"]]


FREE: dict[str, tuple[str, Body | None]] = {
    "messages": ("/v1/messages/count_tokens", {"model": "claude-sonnet-4-6", "messages": []}),
    "chat": ("/v1/models", None),
    "gemini": ("/v1beta/models/gemini-2.5-pro:countTokens", {"contents": []}),
}


@pytest.mark.parametrize("form", list(FREE))
def test_counting_and_listing_pass_and_cost_nothing(form: str) -> None:
    async def scenario(place: Standing) -> None:
        assert (await place.ask(*FREE[form]))[0] == 200

    server, place = play(scenario, form=form, dollars=0.0)
    assert server.paths == [FREE[form][0]]
    assert place.facts == []


@pytest.mark.parametrize(
    ("form", "target"),
    [
        ("messages", "/v1/files"),
        ("messages", "/v1/messages/batches"),
        ("messages", "/v1/messages/"),
        ("messages", "//v1/messages"),
        ("messages", "/v1/../v1/messages"),
        ("messages", "/v1/%6dessages"),
        ("messages", "/v1/chat/completions"),
        ("messages", "/api/event_logging/batch"),
        ("messages", "http://evil.example/v1/messages"),
        ("chat", "/v1/messages"),
        ("chat", "/v1/embeddings"),
        ("chat", "/v1/organization/admin_api_keys"),
        ("chat", "/chat/completions"),
        ("gemini", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("gemini", "/v1beta/models/../gemini-2.5-pro:generateContent"),
        ("gemini", "/v1beta/models/gemini-2.5-pro:batchGenerateContent"),
        ("gemini", "/v1beta/files"),
    ],
)
def test_every_other_path_is_refused_at_once_and_noted(form: str, target: str) -> None:
    async def scenario(place: Standing) -> None:
        status, _, content = await place.ask(target, question(form)[1])
        assert status == REFUSED[form]
        assert b"the model relay: " in content

    server, place = play(scenario, form=form)
    assert server.paths == []
    assert len(place.relay.refused) == 1
    assert place.relay.refused[0].startswith("POST ")


def test_who_does_not_know_the_workers_key_is_refused() -> None:
    async def scenario(place: Standing) -> None:
        path, body = question("chat")
        raw = place.request(path, body)
        for other in (b"sk-other", KEY.encode(), b""):
            assert parsed(await place.say(raw.replace(place.token.encode(), other)))[0] == 401

    server, _ = play(scenario)
    assert server.paths == []


def test_a_probe_of_another_path_is_not_called_a_wrong_key() -> None:
    async def scenario(place: Standing) -> None:
        await place.say(b"HEAD /api/hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")

    _, place = play(scenario, form="messages")
    (noted,) = place.relay.refused
    assert noted == "HEAD /api/hello: only requests to claude-sonnet-4-6 are passed on"


def test_a_websocket_is_told_to_come_by_http() -> None:
    async def scenario(place: Standing) -> None:
        upgrade = ("Upgrade: websocket", "Sec-WebSocket-Version: 13")
        status, head, content = await place.ask("/v1/responses", None, *upgrade)
        assert (status, b"upgrade: http/1.1" in head.lower()) == (426, True)
        assert json.loads(content)["error"]["code"] == "upgrade_required"

    server, _ = play(scenario, form="responses")
    assert server.paths == []


def test_each_wire_refuses_in_the_form_of_its_row_and_the_row_names_who_obeys() -> None:
    assert set(REFUSALS) == {"messages", "chat", "responses", "gemini"}
    for wire, row in REFUSALS.items():
        assert row.tried
        for status in row.wordings:
            assert wording(wire, status) == row.wordings[status]
    assert wording("responses", 401).status == 400


def test_an_answer_in_the_background_is_refused_for_nobody_could_count_it() -> None:
    async def scenario(place: Standing) -> None:
        path, body = question("responses", background=True)
        assert (await place.ask(path, body))[0] == 400

    server, _ = play(scenario, form="responses")
    assert server.paths == []


@pytest.mark.parametrize("status", [400, 404, 429, 500, 529])
def test_a_vendors_refusal_passes_as_it_is_and_costs_nothing(status: int) -> None:
    async def scenario(place: Standing) -> None:
        got, head, content = await place.ask(*question("chat", stream=True))
        assert got == status
        assert b"retry-after: 7" in head.lower()
        assert b'"message": "no"' in content

    _, place = play(scenario, Reply(status=status, headers={"Retry-After": "7"}))
    (settled,) = place.settled
    assert (settled.usd, settled.usage.total, settled.error) == (0.0, 0, f"HTTP {status}")


def test_what_a_vendor_says_of_a_key_that_it_refuses_is_not_passed_on() -> None:
    async def scenario(place: Standing) -> None:
        status, _, content = await place.ask(*question("chat"))
        assert status == 401
        assert b"the vendor refused" in content
        assert b'"no"' not in content

    play(scenario, Reply(status=401))


def test_a_vendor_that_repeats_the_key_does_not_tell_it_to_the_worker() -> None:
    async def scenario(place: Standing) -> None:
        for stream in (False, True):
            answer = await place.say(place.request(*question("chat", stream=stream)))
            assert KEY.encode() not in answer
            assert place.token.encode() in answer

    play(scenario, Reply(text=(f"It is {KEY}!",), headers={"X-Echo": KEY}))


@pytest.mark.parametrize("key", ["", "none", "ollama", "l"])
def test_where_the_key_is_none_or_a_short_word_the_answer_passes_as_it_is(key: str) -> None:
    async def scenario(place: Standing) -> None:
        for stream in (False, True):
            _, head, content = await place.ask(*question("ollama", stream=stream))
            assert b"There is none of ollama's." in content
            assert stream or b"x-echo: none" in head
            assert place.token.encode() not in head + content

    reply = Reply(text=("There is none of ollama's.",), headers={"X-Echo": "none"})
    server, _ = play(scenario, reply, form="ollama", key=key)
    assert [head.get("authorization") for head in server.heads] == [
        f"Bearer {key}" if key else None
    ] * 2


def test_an_answer_that_is_cut_is_cut_for_the_worker_too_and_settled_by_estimate() -> None:
    async def scenario(place: Standing) -> None:
        answer = await place.say(place.request(*question("chat", stream=True)))
        assert b"200" in answer[:20]

    _, place = play(scenario, Reply(text=("字" * 100,) * 4, fault="cut"))
    (settled,) = place.settled
    assert settled.estimated
    assert settled.usage.input > 0
    assert settled.usage.output >= 200
    assert settled.usd > 0


def test_a_worker_that_leaves_in_mid_stream_closes_the_vendors_side_and_is_settled() -> None:
    closed: list[bool] = []

    async def story(server: Server) -> Standing:
        async with running(server, "messages") as place:
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
            writer.write(place.request(*question("messages", stream=True)))
            await reader.readuntil(b"content_block_delta")
            writer.close()
            closed.append(await asyncio.to_thread(server.closed.wait, 5))
        return place

    with model_server(Reply(text=("word " * 30,) * 4, fault="hang")) as server:
        place = asyncio.run(asyncio.wait_for(story(server), 30))
    assert closed == [True]
    (settled,) = place.settled
    assert settled.estimated
    assert settled.usage.input == 100


ENDS = {"messages": b"message_delta", "chat": b"usage", "responses": b"response.completed"}


@pytest.mark.parametrize("form", list(ENDS))
def test_a_worker_that_leaves_once_it_was_told_everything_was_not_cut_off(form: str) -> None:
    async def story(server: Server) -> Standing:
        async with running(server, form) as place:
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
            path, body = question(form, stream=True)
            more = {"stream_options": {"include_usage": True}} if form == "chat" else {}
            writer.write(place.request(path, {**body, **more}))
            await reader.readuntil(ENDS[form])
            writer.close()
            await asyncio.to_thread(server.closed.wait, 5)
        return place

    with model_server(Reply(text=("Hi",), usage=(1000, 200), fault="linger")) as server:
        place = asyncio.run(asyncio.wait_for(story(server), 30))
    (settled,) = place.settled
    assert (settled.error, settled.estimated, settled.usage.output) == ("", False, 200)


def test_a_relay_that_ends_in_mid_stream_closes_the_vendors_side_and_settles_too() -> None:
    async def story(server: Server) -> Standing:
        async with running(server, "chat") as place:
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
            writer.write(place.request(*question("chat", stream=True)))
            await reader.readuntil(b"word")
        writer.close()
        assert await asyncio.to_thread(server.closed.wait, 5)
        return place

    with model_server(Reply(text=("word " * 30,) * 4, fault="hang")) as server:
        place = asyncio.run(asyncio.wait_for(story(server), 30))
    assert [fact.error for fact in place.settled] == ["the answer was interrupted"]


def test_a_vendor_that_cannot_be_reached_is_502_and_costs_nothing() -> None:
    async def scenario(place: Standing) -> None:
        status, _, content = await place.ask(*question("chat"))
        assert (status, b"is not complete" in content) == (502, True)

    with model_server() as server:
        gone = Server([HELLO], url=server.url)

    async def story() -> Standing:
        async with running(gone, "chat") as place:
            await scenario(place)
        return place

    place = asyncio.run(story())
    assert [(fact.usd, fact.usage.total) for fact in place.settled] == [(0.0, 0)]
