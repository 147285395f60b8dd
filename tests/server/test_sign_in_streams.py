"""Sockets and streams of people who sign in: who is let in, and what becomes of them in the end."""

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from support.answers import Reply
from support.chat_clients import server_program
from support.chats import Message, Served, Talk, kinds, text_of, wait_until
from support.front_door import new_pa
from support.google import Google, token
from support.projects import CALC, CHECK, MEND
from support.tasks import tasks_beside
from websockets.exceptions import ConnectionClosed

LEEWAY = 10  # seconds, as google.py of the server has them
SIGNED_OUT = "Authentication failed: Not authenticated"


def new(server: Served) -> str:
    status, answer = server.request("POST", "/api/chat", {}, X_API_Key=token())
    assert status == 200, answer
    return str(answer["conversation_id"])


def ending(seconds: int) -> str:
    """A token that counts for some more seconds, and for one more at most."""
    now = math.ceil(time.time())
    return token(iat=now - 600, exp=now - LEEWAY + seconds)


def closed(talk: Talk) -> tuple[list[Message], int, str]:
    """What comes until the socket is closed, and with which code and reason."""
    came: list[Message] = []
    with suppress(ConnectionClosed):
        while True:
            came.append(talk.receive())
    return came, int(talk.socket.close_code or 0), str(talk.socket.close_reason)


@pytest.mark.parametrize("query", ["", "?token=", "?token=x", "?token=the%20key", "?after=0"])
def test_a_socket_without_a_sign_in_is_told_so_and_closed(signed: Served, query: str) -> None:
    for conversation in (new(signed), "0123456789ab"):
        with signed.talk(conversation, query) as talk:
            (error,), code, reason = closed(talk)
        assert (error["type"], error["message"]) == ("error", SIGNED_OUT)
        assert (error["run"], error["sequence"]) == (conversation, 0)
        assert {"event_id", "time"} <= set(error)
        assert (code, reason) == (4001, "Not authenticated")


def test_a_socket_that_says_much_before_it_is_closed_is_closed_all_the_same(signed: Served) -> None:
    with signed.talk(new(signed)) as talk:
        with suppress(ConnectionClosed):
            for _ in range(100):
                talk.say("Hear me " * 1000)
        assert closed(talk)[1] == 4001


def test_an_account_that_is_not_allowed_is_named_on_the_socket(signed: Served) -> None:
    with signed.talk("0123456789ab", f"?token={token(email='eve@example.com')}") as talk:
        (error,), code, _ = closed(talk)
    assert error["message"].startswith("Authentication failed: eve@example.com is not allowed")
    assert "SIGN_IN_ALLOWED" in error["message"]
    assert code == 4001


def test_who_has_signed_in_talks_and_others_see_the_same_conversation(signed: Served) -> None:
    conversation = new(signed)
    signed.script("Who is there", Reply(text=("you",)))
    with signed.talk(conversation, f"?token={token()}") as talk:
        assert text_of(talk.ask("Who is there")) == "you"
    bob = token(email="bob@corp.example", hd="corp.example")
    with signed.talk(conversation, "?after=0", Authorization=f"Bearer {bob}") as talk:
        assert talk.until("done")[0]["type"] == "message_received"
    _, listed = signed.request("GET", "/api/conversations", X_API_Key=bob)
    assert conversation in [row["id"] for row in listed]


def numbers(messages: Sequence[Message]) -> list[int]:
    return [each["sequence"] for each in messages]


def test_a_socket_is_closed_when_its_sign_in_ends_and_nothing_is_lost(signed: Served) -> None:
    conversation = new(signed)
    signed.script("Count on", Reply(text=tuple(f"w{n} " for n in range(240)), fault="slow"))
    with signed.talk(conversation, f"?token={ending(6)}") as talk:
        talk.say("Count on")
        came, code, reason = closed(talk)
    assert came[-1]["message"] == "Authentication failed: the sign-in has ended"
    assert (code, reason) == (4001, "the sign-in has ended")
    assert "done" not in kinds(came)
    with signed.talk(conversation, f"?after={came[-1]['sequence']}&token={token()}") as talk:
        later = talk.until("done")
    assert text_of(later).endswith("w239 ")
    assert all(one <= other for one, other in pairwise(numbers([*came, *later])))


def test_a_silent_socket_is_closed_when_its_sign_in_ends(signed: Served) -> None:
    conversation, began = new(signed), time.monotonic()
    with signed.talk(conversation, f"?token={ending(6)}") as talk:
        assert closed(talk)[1:] == (4001, "the sign-in has ended")
    assert time.monotonic() - began > 5


def test_a_token_that_was_good_does_not_count_once_it_has_ended(signed: Served) -> None:
    short = ending(6)
    assert signed.request("GET", "/api/tools", X_API_Key=short)[0] == 200
    wait_until(lambda: signed.request("GET", "/api/tools", X_API_Key=short)[0] == 401)
    with signed.talk("0123456789ab", f"?token={short}") as talk:
        assert closed(talk)[0][0]["message"] == SIGNED_OUT


def test_the_stream_of_a_task_ends_with_the_sign_in_and_goes_on_with_the_next(
    tmp_path: Path, there: Google
) -> None:
    pa = new_pa(tmp_path, CALC)
    said = "for n in $(seq 24); do echo n$n; sleep 0.5; done"
    order = {"task": "Mend it", "worker": pa.worker(f"{said}; {MEND}"), "checks": [CHECK]}
    with tasks_beside(pa, **there.settings) as tasks:
        short = {"Authorization": f"Bearer {ending(6)}"}
        with tasks.open("POST", "/task", order, **short) as stream:
            first = list(stream)
        assert first[-1]["type"] != "done"
        run, last = first[0]["run"], first[-1]["event_id"]
        fresh = {"Authorization": f"Bearer {token()}"}
        with tasks.events(run, Last_Event_ID=last, **fresh) as stream:
            assert stream.rest()[-2]["metadata"]["verdict"] == "verified"
        assert tasks.served.request("GET", f"/session/{run}/events")[0] == 401


def test_pa_chat_signs_in_with_a_token_and_says_when_that_has_ended(signed: Served) -> None:
    chat = server_program(signed, signed.folder)
    chat.env["API_KEY"] = token()
    chat.script("With the token", Reply(text=("yes",)))
    assert chat("-m", "With the token").out == "yes\n"
    chat.script("With half of it", Reply(text=tuple(f"w{n} " for n in range(300)), fault="slow"))
    chat.env["API_KEY"] = ending(8)
    ran = chat("-m", "With half of it")
    assert ran.code == 2, (ran.out, ran.err)
    assert "the sign-in has ended" in ran.err
    assert "set API_KEY" in ran.err
    chat.env["API_KEY"] = ending(-20)
    ran = chat("-m", "With none of it")
    assert (ran.code, ran.out) == (2, "")
    assert "Not authenticated" in ran.err
