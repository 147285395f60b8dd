"""The keys of Google: when they are read, how often, and what holds while they cannot be."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import jwt
import pytest
from support.chats import Served, serving, wait_until
from support.google import ADA, CLIENT, Google, claims, google, private_key, published, token
from websockets.exceptions import ConnectionClosed

from agentproxy.models.connections import new_client
from agentproxy.server.entrance.sign_in.allowed import Allowed
from agentproxy.server.entrance.sign_in.google import GoogleSignIn
from agentproxy.server.entrance.sign_in.port import NO_KEYS, NOT_SIGNED_IN, Person
from agentproxy.server.entrance.sign_in.signing_keys import (
    GRACE_SECONDS,
    LONGEST_SECONDS,
    PAUSE_SECONDS,
    SHORTEST_SECONDS,
    KeysUnavailable,
    SigningKeys,
)

NEW = 3  # the number of a key that comes later
DETAIL = "the keys of Google cannot be read at the moment: try again soon"


def shown(server: Served, text: str) -> int:
    return server.request("GET", "/api/tools", X_API_Key=text)[0]


def all_shown(server: Served, texts: Sequence[str]) -> list[int]:
    """At once."""
    with ThreadPoolExecutor(len(texts)) as pool:
        return list(pool.map(partial(shown, server), texts))


def test_an_outage_refuses_nobody_for_good_and_a_return_is_noticed(tmp_path: Path) -> None:
    with google() as there, serving(tmp_path, **there.settings) as server:
        there.status = 500
        right = token()
        assert server.request("GET", "/api/tools", X_API_Key=right) == (503, {"detail": DETAIL})
        assert server.request("GET", "/api/auth/me", X_API_Key=right) == (503, {"detail": DETAIL})
        assert server.request("GET", "/api/tools", X_API_Key="no token")[0] == 401
        with server.talk("0123456789ab", f"?token={right}") as talk:
            assert talk.receive()["message"] == f"Authentication failed: {DETAIL}"
            with pytest.raises(ConnectionClosed) as end:
                talk.receive()
            assert end.value.rcvd is not None
            assert end.value.rcvd.code == 1013
        # On a slow machine there is more than one read by now.
        told = server.log.read_text().count("cannot be read: the answer is 500")
        assert told == there.asked
        there.status = 200
        wait_until(lambda: shown(server, right) == 200)
        there.status, before = 500, there.asked
        assert shown(server, token(name="Another token")) == 200
        assert there.asked == before


def test_a_new_key_is_found_and_one_that_is_withdrawn_takes_its_tokens_along(
    tmp_path: Path,
) -> None:
    with google() as there, serving(tmp_path, **there.settings) as server:
        old = token()
        assert shown(server, old) == 200
        there.keys = [published("two", private_key(NEW))]
        new = token(signer=private_key(NEW), kid="two")
        wait_until(lambda: shown(server, new) == 200)
        assert there.asked == 2
        assert shown(server, old) == 401


def test_many_at_once_make_one_question(tmp_path: Path) -> None:
    with google() as there, serving(tmp_path, **there.settings) as server:
        there.delay = 0.5
        rights = [token(name=f"Number {n}") for n in range(20)]
        assert all_shown(server, rights) == [200] * 20
        assert there.asked == 1


def test_what_is_no_token_of_google_asks_for_no_keys(tmp_path: Path) -> None:
    with google() as there, serving(tmp_path, **there.settings) as server:
        by_secret = jwt.encode(claims(), "x" * 32, "HS256", headers={"kid": "one"})
        for text in ("x", "a.b.c", "\u00fc.a.b", by_secret, token(kid=None)):
            assert shown(server, text) == 401
        assert there.asked == 0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def with_keys(
    use: Callable[[Google, SigningKeys, Clock], Awaitable[None]], *, seconds: float = 10.0
) -> None:
    async def run(there: Google) -> None:
        clock = Clock()
        client = new_client(seconds=seconds, connections=1)
        keys = SigningKeys(there.url, client, clock=clock, seconds=seconds)
        try:
            await use(there, keys, clock)
        finally:
            await keys.close()

    with google() as there:
        asyncio.run(run(there))


LASTING = [
    ("public, max-age=21600, must-revalidate", 21_600.0),
    ("MAX-AGE = 7200", 7200.0),
    ("max-age=1", SHORTEST_SECONDS),
    ("no-store", SHORTEST_SECONDS),
    ("s-max-age=9000", SHORTEST_SECONDS),
    ("", SHORTEST_SECONDS),
    ("max-age=999999999", LONGEST_SECONDS),
    ("max-age=99999999999999999999", LONGEST_SECONDS),
]


@pytest.mark.parametrize(("said", "seconds"), LASTING)
def test_keys_are_kept_as_long_as_is_said_within_bounds(said: str, seconds: float) -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        there.cache_control = said
        assert await keys.find("one") is not None
        clock.now += seconds - 1
        assert keys.held("one") is not None
        assert _nothing_is_read()
        assert there.asked == 1
        clock.now += 2
        assert keys.held("one") is not None, "nobody waits for the next ones"
        await _until(lambda: there.asked == 2)

    with_keys(use)


def test_old_keys_hold_for_a_while_when_new_ones_cannot_be_read() -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        assert await keys.find("one") is not None
        there.status = 503
        clock.now += 3601
        assert keys.held("one") is not None
        await _quiet()
        assert there.asked == 2
        clock.now += GRACE_SECONDS - 10
        assert keys.held("one") is not None
        clock.now += 10
        assert keys.held("one") is None
        with pytest.raises(KeysUnavailable):
            await keys.find("one")

    with_keys(use)


def test_in_a_pause_nobody_asks_again() -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        sign_in = GoogleSignIn(CLIENT, Allowed([ADA]), keys)
        right = token().encode()
        there.status = 500
        for _ in range(3):
            assert await sign_in.check(right) == NO_KEYS
            clock.now += 1
        assert there.asked == 1
        there.status = 200
        clock.now += PAUSE_SECONDS
        assert isinstance(await sign_in.check(right), Person)
        assert there.asked == 2

    with_keys(use)


def test_invented_keys_make_one_question_in_each_pause() -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        sign_in = GoogleSignIn(CLIENT, Allowed([ADA]), keys)
        invented = [token(kid=f"key {n}").encode() for n in range(20)]
        for asked in (1, 2, 3):
            for _ in range(2):
                verdicts = await asyncio.gather(*map(sign_in.check, invented))
                assert verdicts == [NOT_SIGNED_IN] * 20
                assert there.asked == asked
            clock.now += PAUSE_SECONDS

    with_keys(use)


async def _quiet() -> None:
    """Waits until nothing is read."""
    await _until(_nothing_is_read)


def _nothing_is_read() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


REPLACED = {"under another name": "two", "under the same name": "one"}


@pytest.mark.parametrize("how", REPLACED)
def test_a_token_that_was_let_in_ends_with_its_key(how: str) -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        sign_in = GoogleSignIn(CLIENT, Allowed([ADA]), keys)
        old = token().encode()
        assert isinstance(await sign_in.check(old), Person)
        there.keys = [published(REPLACED[how], private_key(NEW))]
        clock.now += 3599
        assert isinstance(sign_in.verdict_now(old), Person)
        assert _nothing_is_read()
        clock.now += 2
        assert isinstance(sign_in.verdict_now(old), Person), "nobody waits for the next ones"
        await _quiet()
        assert there.asked == 2
        verdict = sign_in.verdict_now(old) or await sign_in.check(old)
        assert verdict == NOT_SIGNED_IN

    with_keys(use)


def test_a_token_that_was_let_in_counts_while_keys_cannot_be_read_but_not_for_long() -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        sign_in = GoogleSignIn(CLIENT, Allowed([ADA]), keys)
        right = token().encode()
        assert isinstance(await sign_in.check(right), Person)
        there.status = 503
        clock.now += 3600 + GRACE_SECONDS - 1
        assert isinstance(sign_in.verdict_now(right), Person)
        await _quiet()
        clock.now += 2
        assert sign_in.verdict_now(right) is None
        assert await sign_in.check(right) == NO_KEYS

    with_keys(use)


UNUSABLE = {
    "no JSON": b"<html>",
    "no object": b"[]",
    "no list": b'{"keys": {}}',
    "no keys": b'{"keys": []}',
    "no usable key": b'{"keys": [{"kty": "RSA", "kid": "one"}, 7, {"kty": "oct", "kid": "one"}]}',
    "deep": b"[" * 100_000,
    "huge": json.dumps({"keys": [published("one", private_key())], "x": "x" * 300_000}).encode(),
    "no text": b"\xff\xfe",
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_an_answer_without_keys_is_an_outage(what: str) -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        there.body = UNUSABLE[what]
        with pytest.raises(KeysUnavailable):
            await keys.find("one")
        there.body = None
        clock.now += PAUSE_SECONDS
        assert await keys.find("one") is not None

    with_keys(use)


def test_who_answers_too_slowly_is_not_waited_for() -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        there.delay = 2.0
        began = time.monotonic()
        with pytest.raises(KeysUnavailable):
            await keys.find("one")
        assert time.monotonic() - began < 1.5

    with_keys(use, seconds=0.2)


def test_who_gives_up_takes_the_answer_from_nobody() -> None:
    async def use(there: Google, keys: SigningKeys, clock: Clock) -> None:
        there.delay = 0.3
        first, second = (asyncio.ensure_future(keys.find("one")) for _ in range(2))
        await asyncio.sleep(0.1)
        first.cancel()
        assert await second is not None
        assert there.asked == 1

    with_keys(use)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)
