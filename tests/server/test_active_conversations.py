"""Only so many conversations are at work at once, whether or not their clients are there."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import Scripts, Served, Talk, calls, start_server, wait_until
from support.model_server import model_server

HOLD = "while [ ! -e go ]; do sleep 0.05; done"


def held(server: Served, word: str) -> str:
    """A conversation that works until there is a file `go`, and whose client has left."""
    server.script(
        word, calls(("bash", {"command": "touch here"}), ("bash", {"command": HOLD})), *ANSWERS
    )
    conversation = server.new()
    with server.talk(conversation) as talk:
        talk.say(word)
        talk.until("turn_started")
        wait_until((place(server, conversation) / "here").exists)
    return conversation


ANSWERS = [Reply(text=("ok",))] * 3


def place(server: Served, conversation: str) -> Path:
    return server.folder / "workspace" / conversation


def active(server: Served, conversation: str) -> bool:
    return bool(server.request("GET", f"/api/conversations/{conversation}")[1]["active"])


def test_one_more_is_refused_in_words_and_can_be_sent_again_later(tmp_path: Path) -> None:
    scripts = Scripts()
    limit = {"MAX_ACTIVE_CONVERSATIONS": "1", "BASH_TIMEOUT": "100", "SESSION_GRACE": "0"}
    with model_server(think=scripts.think) as model:
        server = start_server(tmp_path, model, scripts, **limit)
        try:
            first = held(server, "Hold one")
            server.script("Me too", *ANSWERS)
            second = server.new()
            with server.talk(second) as talk:
                for kind in ("message", "interrupt"):
                    talk.send(kind, content="Me too")
                    refused = talk.receive()
                    assert (refused["type"], refused["message"]) == (
                        "error",
                        "as many conversations as may be are at work: 1",
                    )
                    assert refused["cure"].endswith("raise MAX_ACTIVE_CONVERSATIONS")
                # What begins no work is followed.
                talk.send("toggle_approval", enabled=True)
                assert talk.receive()["type"] == "approval_changed"
                # In the one that is at work, messages wait as ever.
                with server.talk(first) as other:
                    other.say("And then")
                    other.until("message_received")
                assert server.request("GET", f"/api/conversations/{second}")[1]["messages"] == []
                (place(server, first) / "go").touch()
                wait_until(lambda: not active(server, first))
                wait_until(lambda: sent_again(talk) == "done")
        finally:
            server.stop()
            server.kill()


def sent_again(talk: Talk) -> str:
    """How it ended when the message was sent once more."""
    talk.say("Me too")
    return str(talk.until("done", "error")[-1]["type"])


def test_what_a_killed_server_left_at_work_goes_on_one_after_the_other(tmp_path: Path) -> None:
    scripts = Scripts()
    wide = {"BASH_TIMEOUT": "100"}
    with model_server(think=scripts.think) as model:
        server = start_server(tmp_path, model, scripts, **wide)
        conversations = [held(server, f"Hold {n}") for n in ("x", "y", "z")]
        server.kill()
        for conversation in conversations:
            (place(server, conversation) / "here").unlink()
        # The call that was under way is not repeated. The next one holds each of them again.
        for n in ("x", "y", "z"):
            server.script(
                f"Hold {n}", calls(("bash", {"command": f"touch here; {HOLD}"})), *ANSWERS
            )
        server = start_server(tmp_path, model, scripts, MAX_ACTIVE_CONVERSATIONS="1", **wide)
        with ExitStack() as clients:
            clients.callback(server.kill)
            clients.callback(server.stop)
            # A client that comes back gives its conversation no place before its turn.
            for conversation in conversations:
                clients.enter_context(server.talk(conversation, "?after=0")).until("turn_started")
            left = set(conversations)

            def working() -> list[str]:
                return [each for each in left if (place(server, each) / "here").exists()]

            wait_until(lambda: bool(working()))
            assert server.request("GET", "/health")[1]["active_sessions"] == 1
            while left:
                wait_until(lambda: bool(working()))
                (now,) = working()
                (place(server, now) / "go").touch()
                left.discard(now)
            for conversation in conversations:
                wait_until(lambda each=conversation: not active(server, each))


def test_who_waits_for_a_place_is_heard_and_does_not_work_without_one(tmp_path: Path) -> None:
    scripts = Scripts()
    wide = {"BASH_TIMEOUT": "100"}
    with model_server(think=scripts.think) as model:
        server = start_server(tmp_path, model, scripts, **wide)
        server.script("Ask me", calls(("bash", {"command": "touch allowed"})), *ANSWERS)
        asking = server.new(enable_approval=True)
        with server.talk(asking) as talk:
            talk.say("Ask me")
            talk.until("tool_approval_request")
            leaving, holding = held(server, "Hold c"), held(server, "Hold h")
            server.kill()
        (place(server, holding) / "here").unlink()
        server.script("Hold h", calls(("bash", {"command": f"touch here; {HOLD}"})), *ANSWERS)
        server = start_server(tmp_path, model, scripts, MAX_ACTIVE_CONVERSATIONS="1", **wide)
        with ExitStack() as clients:
            clients.callback(server.kill)
            clients.callback(server.stop)
            # The newest conversation has the one place.
            wait_until((place(server, holding) / "here").exists)
            cancelling = clients.enter_context(server.talk(leaving, "?after=0"))
            cancelling.send("cancel")
            assert cancelling.until("done")[-1]["cancelled"]
            approving = clients.enter_context(server.talk(asking, "?after=0"))
            request = approving.until("tool_approval_request")[-1]["request_id"]
            approving.send("tool_approval_response", decision="approve", request_id=request)
            wait_until(lambda: not asked(server, asking))
            with pytest.raises(TimeoutError):
                approving.receive(0.4)
            assert not (place(server, asking) / "allowed").exists()
            (place(server, holding) / "go").touch()
            approving.until("done")
            assert (place(server, asking) / "allowed").exists()


def asked(server: Served, conversation: str) -> bool:
    return bool(server.request("GET", f"/api/conversations/{conversation}")[1]["requests"])
