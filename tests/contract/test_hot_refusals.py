"""A refusal on a hot wire is the same error of our port as the one that pydantic-ai leads to."""

import asyncio
from typing import Any

import httpx2
import pytest
from support.oracle import KEY, Vendor, both, client_of, hot, refusal, stream
from support.wires import ASK

from agentproxy.models.port import ModelError, ModelRefused, ModelUnavailable, PromptTooLong

Body = dict[str, Any]
MODELS = {"anthropic": "claude-sonnet-4-6", "openai chat": "gpt-4o"}
WIRES = list(MODELS)


def error(kind: str, message: str, **more: object) -> Body:
    return {"type": "error", "error": {"type": kind, "message": message, **more}}


REFUSALS: dict[str, tuple[int, object]] = {
    "too long for Claude": (400, error("invalid_request_error", "prompt is too long: 21 > 20")),
    "too long for GPT": (400, error("invalid_request_error", "x", code="context_length_exceeded")),
    "too long in other words": (400, error("x", "The maximum context length is 12")),
    "too long for llama.cpp": (400, error("exceed_context_size_error", "over the context size")),
    "a body that is too large": (413, error("request_too_large", "too large")),
    "no credit at Anthropic": (400, error("invalid_request_error", "credit balance is too low")),
    "no credit": (402, error("billing_error", "pay")),
    "no quota": (429, error("insufficient_quota", "pay", code="insufficient_quota")),
    "a rate limit": (429, error("rate_limit_error", "slow down")),
    "overloaded": (529, error("overloaded_error", "busy")),
    "overloaded with another status": (503, error("overloaded_error", "busy")),
    "a wrong key": (401, error("authentication_error", "wrong")),
    "a key that may not": (403, error("permission_error", "no")),
    "an unknown model": (404, error("not_found_error", "model: x")),
    "a text": (500, "Internal server error"),
    "an error that is a text": (400, {"error": "no such tool"}),
    "nothing": (502, {}),
    "a list": (400, [1, 2]),
    **{f"status {each}": (each, error("e", "m")) for each in (400, 408, 409, 422, 425, 500, 504)},
}  # fmt: skip
# What is told only to one vendor's clients, or is told in other words by the library.
ONLY = {
    "too long for GPT": "openai chat",
    "too long in other words": "openai chat",
    "too long for Claude": "anthropic",
    "no quota": "openai chat",
    "no credit at Anthropic": "anthropic",
}


@pytest.mark.parametrize(
    ("name", "wire"),
    [(name, wire) for name in REFUSALS for wire in WIRES if ONLY.get(name, wire) == wire],
)
def test_a_refusal_means_what_it_means_to_the_library(wire: str, name: str) -> None:
    status, body = REFUSALS[name]
    ours, theirs = asyncio.run(both(MODELS[wire], refusal(status, body)))
    assert ours == theirs
    assert ours.status == status


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after": "7"},
        {"retry_after_ms": "1500", "retry_after": "9"},
        {"retry_after": "-3"},
        {"retry_after": "soon"},
        {"retry_after": "inf"},
        {},
    ],
)
def test_the_wait_is_the_one_that_the_library_reads(wire: str, headers: dict[str, str]) -> None:
    refused = refusal(429, error("rate_limit_error", "slow"), **headers)
    ours, theirs = asyncio.run(both(MODELS[wire], refused))
    assert ours == theirs


@pytest.mark.parametrize("wire", WIRES)
def test_a_wait_until_a_date_is_counted_by_the_vendors_clock(wire: str) -> None:
    dates = {
        "date": "Mon, 30 Nov 2026 10:00:00 GMT",
        "retry_after": "Mon, 30 Nov 2026 10:01:30 GMT",
    }
    assert refused(wire, 503, error("e", "m"), **dates).after == 90


def refused(wire: str, status: int, body: object, **headers: str) -> ModelError:
    return asked(wire, refusal(status, body, **headers))


def asked(wire: str, answer: httpx2.Response) -> ModelError:
    async def story() -> ModelError:
        async with client_of(Vendor([answer])) as client:
            with pytest.raises(ModelError) as raised:
                await hot(MODELS[wire], client).answer(ASK, show=lambda _: None)
        return raised.value

    return asyncio.run(story())


@pytest.mark.parametrize("wire", WIRES)
def test_the_vendors_own_words_are_told_and_their_cure(wire: str) -> None:
    found = refused(wire, 401, error("authentication_error", f"the key {KEY}\n is wrong"))
    assert str(found) == "the vendor answered with status 401: the key (the key) is wrong"
    assert "pa doctor" in found.cure
    assert isinstance(refused(wire, 404, error("not_found_error", "x")), ModelRefused)
    long = refused(wire, 500, error("e", "x" * 5000))
    assert len(str(long)) < 400


@pytest.mark.parametrize("wire", WIRES)
def test_an_address_that_leads_elsewhere_is_not_followed(wire: str) -> None:
    """The key would be sent there."""
    found = refused(wire, 307, {}, location="https://elsewhere.example/v1")
    assert isinstance(found, ModelRefused)
    assert "address" in found.cure


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", [httpx2.ConnectError, httpx2.ReadError, httpx2.ReadTimeout])
def test_a_lost_connection_is_unavailable_and_may_be_asked_again(
    wire: str, fault: type[httpx2.TransportError]
) -> None:
    def lose(request: httpx2.Request) -> httpx2.Response:
        raise fault(f"lost, with {KEY}", request=request)

    async def story() -> ModelError:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(lose)) as client:
            with pytest.raises(ModelUnavailable) as raised:
                await hot(MODELS[wire], client).answer(ASK, show=lambda _: None)
        return raised.value

    found = asyncio.run(story())
    assert found.status is None
    assert KEY not in str(found)


@pytest.mark.parametrize("wire", WIRES)
def test_a_refusal_inside_of_a_stream_has_the_status_that_it_has_before_one(wire: str) -> None:
    body = b'event: error\ndata: {"error": {"type": "%s", "message": "m"}}\n\n'
    kind = "request_too_large" if wire == "anthropic" else "context_length_exceeded"
    found = asked(wire, stream(body % kind.encode()))
    assert isinstance(found, PromptTooLong)
