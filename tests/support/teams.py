"""What models call in a team, and what clients hear of it."""

import json

from support.answers import Body, Reply
from support.chats import Message, Talk


def call(tool: str, **arguments: object) -> Reply:
    return Reply(calls=((tool, json.dumps(arguments)),), stop="tools")


def spawn(name: str, prompt: str) -> Reply:
    return call("spawn_teammate", name=name, role="builder", prompt=prompt)


def bash(command: str) -> Reply:
    return call("bash", command=command)


def of(came: list[Message], kind: str) -> list[Message]:
    return [each for each in came if each["type"] == kind]


def statuses(came: list[Message], name: str) -> list[str]:
    return [each["status"] for each in of(came, "teammate_status") if each["name"] == name]


def until_status(talk: Talk, name: str, status: str, *, after: int = 0) -> list[Message]:
    """What came since the first `after` messages, up to a status of a teammate."""
    while status not in statuses(talk.seen[after:], name):
        talk.receive()
    return talk.seen[after:]


def offered(body: Body) -> set[str]:
    return {each["name"] for each in body["tools"]}


def told(body: Body) -> str:
    return json.dumps(body["messages"])
