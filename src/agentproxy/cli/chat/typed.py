"""What a typed line asks for. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from agentproxy.cli.chat.port import MAX_SENT_BYTES, Message
from agentproxy.cli.chat.story import ChatStory

SWITCHES = {"plan": "plan_mode", "approval": "approval", "teams": "teams"}
HELP = (
    ("/plan [on|off]", "plan mode: the agent only reads, and hands over a plan"),
    ("/approval [on|off]", "ask before each call that changes something"),
    ("/teams [on|off]", "let the agent work with teammates"),
    ("/approve", "execute the plan that waits"),
    ("/reject [FEEDBACK]", "have the plan revised"),
    ("/expand [N]", "show a call or a thought whole; without N the newest"),
    ("/queue", "show the messages that wait"),
    ("/status", "show the conversation, its switches and its tokens"),
    ("/stop", "end the turn, as Ctrl+C does"),
    ("/quit", "leave; pa chat --resume ID comes back"),
)
WORDS = frozenset(usage[1:].split()[0] for usage, _ in HELP) | {"help", "exit"}
HINT = "y for yes, n or n REASON for no, r for yes to all the rest"


class NotUnderstood(ValueError):
    """A line cannot be followed. The text says what can be written."""


@dataclass(frozen=True, slots=True)
class Send:
    """A message for the conversation."""

    message: Message


@dataclass(frozen=True, slots=True)
class Local:
    """A command that only concerns this terminal."""

    word: str
    rest: str = ""


def read_line(line: str, story: ChatStory, *, feedback: bool = False) -> Send | Local:
    """Returns what a line asks for. Raises NotUnderstood."""
    word, _, rest = line.partition(" ")
    name = word[1:]
    # A path such as /etc/hosts is text.
    if not word.startswith("/") or not name.isascii() or not name.isalpha():
        return Send(say(line, "interrupt" if feedback else "message"))
    if name not in WORDS:
        raise NotUnderstood(
            f"{word} is unknown; /help lists what there is (a space before / sends)"
        )
    return _command(name, rest.strip(), story)


def read_answer(line: str, request: str) -> Send:
    """Returns the answer to a request for an approval. Raises NotUnderstood."""
    word, _, reason = line.strip().partition(" ")
    decisions = {"y": "approve", "yes": "approve", "n": "deny", "no": "deny"}
    decisions |= {"r": "auto_approve", "rest": "auto_approve"}
    decision = decisions.get(word.lower())
    if decision is None or (reason and decision != "deny"):
        raise NotUnderstood(f"write {HINT}")
    answer = {"type": "tool_approval_response", "decision": decision, "request_id": request}
    return Send(answer | ({"reason": reason.strip()} if reason.strip() else {}))


def say(content: str, kind: str = "message") -> Message:
    """Returns the message with a text. Raises NotUnderstood."""
    message: Message = {"type": kind, "content": content}
    if not content.strip():
        raise NotUnderstood("the message is empty; write what the agent should do")
    if len(json.dumps(message).encode()) > MAX_SENT_BYTES:
        raise NotUnderstood("the message has more than 1 MiB; put the text in a file")
    return message


def _command(name: str, rest: str, story: ChatStory) -> Send | Local:
    if name in SWITCHES:
        return Send(_toggle(name, rest, story))
    if name == "approve" or name == "reject":
        if story.plan is None:
            raise NotUnderstood("no plan waits for a decision")
        feedback = {"feedback": rest} if name == "reject" else {}
        return Send({"type": "plan_approval", "decision": name, **feedback})
    if name == "stop":
        return Send({"type": "cancel"})
    return Local("quit" if name == "exit" else name, rest)


def _toggle(name: str, rest: str, story: ChatStory) -> Message:
    switch = SWITCHES[name]
    if rest not in ("", "on", "off"):
        raise NotUnderstood(f"write /{name} on or /{name} off")
    enabled = rest == "on" if rest else not story.switches.get(switch, False)
    return {"type": f"toggle_{switch}", "enabled": enabled}


def chosen_call(rest: str, count: Sequence[int]) -> int:
    """Returns the number of the call that /expand means. Raises NotUnderstood."""
    if not count:
        raise NotUnderstood("no tool was called yet")
    if not rest:
        return count[-1]
    if not rest.isdecimal() or int(rest[:9]) not in count:
        raise NotUnderstood(f"write /expand N with a number from {count[0]} to {count[-1]}")
    return int(rest[:9])
