"""How soon an interrupt and a cancel end what is under way, whatever that is."""

import time

import pytest
from support.answers import Reply
from support.chats import Served, calls

LIMIT = 0.1  # seconds to the last event of the old turn
ROUNDS = 3  # one of them has to be in time: other programs use the machine too
SLOW = Reply(text=tuple(f"w{n} " for n in range(200)), fault="slow")
SLEEP = ("bash", {"command": "sleep 60"})
BEHIND = ("background_run", {"command": "sleep 60"})
HELP = ("task", {"description": "d", "prompt": "Help out here", "agent_type": "code"})
# What the agent does, what its subagent does, and the event that tells that it has begun.
KINDS: dict[str, tuple[Reply, Reply | None, str]] = {
    "an answer": (SLOW, None, "text_delta"),
    "a tool": (calls(SLEEP), None, "tool_call"),
    "a tool beside a command in the background": (calls(BEHIND, SLEEP), None, "tool_result"),
    "an answer of a subagent": (calls(HELP), SLOW, "subagent_start"),
    "a tool of a subagent": (calls(HELP), calls(SLEEP), "subagent_start"),
}


@pytest.mark.parametrize("sent", ["interrupt", "cancel"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_under_way_ends_at_once(served: Served, kind: str, sent: str) -> None:
    took: list[float] = []
    while not took or (took[-1] >= LIMIT and len(took) < ROUNDS):
        took.append(seconds(served, kind, sent, number=len(took)))
    assert took[-1] < LIMIT, took


def seconds(served: Served, kind: str, sent: str, *, number: int) -> float:
    does, helper, begun = KINDS[kind]
    word = f"Under way {number}: {kind}, {sent}"
    served.script(word, does, Reply(text=("then this",)))
    if helper is not None:
        served.script("Help out here", helper)
    with served.talk(served.new()) as talk:
        talk.say(word)
        talk.until(begun)
        time.sleep(0.2)  # a command starts a moment after its call is told
        began = time.monotonic()
        if sent == "cancel":
            talk.send("cancel")
            assert talk.until("done")[-1]["cancelled"] is True
            took = time.monotonic() - began
            talk.say("Go on")
        else:
            talk.send("interrupt", content="Rather this")
            talk.until("interrupted")
            took = time.monotonic() - began
        rest = talk.until("done")
    texts = [each["content"] for each in rest if each["type"] == "text_delta"]
    assert texts == ["then this"], "nothing of the old turn comes later"
    return took
