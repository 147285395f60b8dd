"""Models are asked through the proxy of the user's environment, and what is near is not."""

import asyncio

import pytest
from support.front_door import Pa
from support.model_server import Reply, Server, model_server
from support.relay import Standing, keys_for, question, running
from support.wires import NAMES, ask

from agentproxy.models.port import ModelRefused, ModelUnavailable

AWAY = Server([], url="http://vendor.invalid")
HELLO = Reply(text=("Hello",))


@pytest.mark.parametrize("wire", list(NAMES))
def test_a_vendor_is_asked_through_the_proxy(wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with model_server(HELLO) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        answer, _ = ask(wire, AWAY)
    assert answer.message.text == "Hello"
    assert [path.startswith("http://vendor.invalid/v1") for path in proxy.paths] == [True]


def test_the_relay_asks_through_the_proxy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> tuple[int, bytes, bytes]:
        async with running(AWAY, "chat") as place:
            return await relayed(place)

    async def relayed(place: Standing) -> tuple[int, bytes, bytes]:
        return await place.ask(*question("chat"))

    with model_server(HELLO) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        status, _, _ = asyncio.run(asyncio.wait_for(story(), 30))
    assert status == 200
    assert proxy.paths == ["http://vendor.invalid/v1/chat/completions"]


@pytest.mark.parametrize("without", ["vendor.invalid", "*"])
def test_who_is_named_in_no_proxy_is_asked_directly(
    without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", without)
        with pytest.raises(ModelUnavailable):
            ask("openai chat", AWAY)
    assert proxy.paths == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_model_on_this_machine_is_never_asked_through_a_proxy(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server(HELLO) as server, model_server() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        ask("ollama", Server([], url=server.url.replace("127.0.0.1", host)))
    assert proxy.paths == []
    assert server.paths == ["/v1/chat/completions"]


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:abc", "gopher://127.0.0.1", "http://[::1"])
def test_a_proxy_that_cannot_be_one_is_named(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(ModelRefused) as raised:
        ask("openai chat", AWAY)
    assert "HTTP_PROXY" in raised.value.cure


def test_a_program_is_not_put_to_work_behind_a_proxy_that_cannot_be_one(pa: Pa) -> None:
    env = {**keys_for(AWAY), "HTTP_PROXY": "gopher://127.0.0.1"}
    ran = pa("--worker", "command:true", "--model", "gpt-4o", "Fix it", env=env)
    assert ran.code == 6
    assert "HTTPS_PROXY" in ran.err
