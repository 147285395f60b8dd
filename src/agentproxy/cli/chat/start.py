"""Begins or resumes a conversation as `pa chat` is asked to."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from urllib.parse import urlsplit

import click

from agentproxy.cli.chat.input import lines_of_input, whole_input
from agentproxy.cli.chat.lasting import LastingTalk
from agentproxy.cli.chat.paper import JsonPaper, TextPaper
from agentproxy.cli.chat.piped import PipedChat
from agentproxy.cli.chat.port import ListedConversation, Message, Talks, Unreachable
from agentproxy.cli.chat.story import ChatStory, story_of
from agentproxy.cli.chat.typed import Local, NotUnderstood, Send, read_line, say
from agentproxy.cli.cleaning import clean
from agentproxy.cli.failure import INFRASTRUCTURE, USAGE, Failure
from agentproxy.cli.faults import as_failures
from agentproxy.cli.workdir import chosen

KEYS = ("OPENAGENT_API_KEY", "API_KEY")  # variables; the first one that is set counts
LISTED = 50
LOOKED_AT = 1000  # conversations, for the beginning of an id
STOPPING = 10.0  # seconds
NO_INPUT = "pa chat -m TEXT sends one; at a terminal, pa chat alone asks for them"
EXTRA = "pip install 'agentproxy[chat]'"
IN_ANY_CASE = f"{EXTRA}; pa chat -m TEXT and pipes work without it"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAsked:
    """What the command line asks for."""

    source: str
    message: str | None
    url: str
    resume: str
    newest: bool
    listed: bool
    preset: str
    model: str
    plan: bool
    approval: bool
    teams: bool
    thinking: bool
    effort: str
    directory: str | None
    output: str | None

    @property
    def at_terminal(self) -> bool:
        alone = not (self.source or self.output or self.message is not None)
        return alone and sys.stdin.isatty() and sys.stdout.isatty()

    @property
    def features(self) -> dict[str, object]:
        chosen = {
            "preset": self.preset,
            "model": self.model,
            "enable_plan_mode": self.plan,
            "enable_approval": self.approval,
            "enable_teams": self.teams,
            "enable_thinking": self.thinking or bool(self.effort),
            "thinking_effort": self.effort,
        }
        return {name: value for name, value in chosen.items() if value}


def start_chat(asked: ChatAsked) -> int:
    if asked.at_terminal and not asked.listed:
        _require("prompt_toolkit", cure=IN_ANY_CASE)
    with as_failures():
        try:
            return asyncio.run(_chat(asked))
        except Unreachable as error:
            raise Failure(str(error), cure=error.cure, code=error.code) from error
        except NotUnderstood as error:
            raise Failure(str(error), code=USAGE) from error


async def _chat(asked: ChatAsked) -> int:
    async with _talks(asked) as talks:
        if asked.listed:
            _list(await talks.newest(limit=LISTED), output=asked.output)
            return 0
        old = await _meant(talks, asked)
        conversation = old or await talks.create(asked.features)
        record = await talks.read(conversation)
        story = story_of(record)
        talk = LastingTalk(talks, conversation, after=record["sequence"])
        try:
            return await _speak(asked, talks, talk, story=story, record=record)
        finally:
            await _leave(talks, talk, story)
            await talk.close()
            used = talk.entered or story.turn or story.waiting or story.active
            if not old and not used:
                await talks.delete(conversation)


async def _speak(
    asked: ChatAsked, talks: Talks, talk: LastingTalk, *, story: ChatStory, record: Message
) -> int:
    if asked.at_terminal:
        from agentproxy.cli.chat.terminal import TerminalChat

        return await TerminalChat(talks, talk, story).run(record["messages"])
    paper = JsonPaper() if asked.output == "json" else TextPaper()
    chat = PipedChat(talk, story, paper, place=talks.place)
    return await chat.run(_orders(asked, story))


async def _orders(asked: ChatAsked, story: ChatStory) -> AsyncIterator[Send | Local]:
    if asked.message is not None:
        yield Send(say(asked.message))
    elif asked.source:
        yield Send(say(await whole_input()))
    else:
        written = False
        async for line in lines_of_input():
            written = True
            yield read_line(line, story)
        if not written and story.plan is None:
            raise Failure("standard input has no message", cure=NO_INPUT)


@asynccontextmanager
async def _talks(asked: ChatAsked) -> AsyncGenerator[Talks]:
    if not asked.url:
        from agentproxy.cli.chat.embedded import embedded_talks

        async with embedded_talks(chosen(asked.directory)) as talks:
            yield talks
        return
    _refuse_bad_url(asked.url)
    _require("websockets", cure=EXTRA)
    from agentproxy.cli.chat.remote import RemoteTalks

    yield RemoteTalks(asked.url, _key())


def _key() -> str:
    """Returns the key of the server, or ""."""
    name = next((each for each in KEYS if os.environ.get(each)), KEYS[0])
    key = os.environ.get(name, "")
    if "\n" in key or "\r" in key:
        raise Failure(f"{name}: a key has no line end", cure="set it to the key of the server")
    return key


def _refuse_bad_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    else:
        good = good and not (parts.query or parts.fragment or "@" in parts.netloc)
    if not good or not url.isascii():
        # What stands before an "@" may be a password.
        shown = url.rpartition("@")[2].partition("?")[0]
        raise Failure(
            f"--url: {shown} is no address of a server", cure="write it like http://127.0.0.1:8000"
        )


def _require(package: str, *, cure: str) -> None:
    if find_spec(package) is None:
        raise Failure(f"{package} is not installed", cure=cure, code=INFRASTRUCTURE)


async def _meant(talks: Talks, asked: ChatAsked) -> str:
    """Returns the id of the conversation to go on with, or "" for a new one."""
    if not asked.resume and not asked.newest:
        return ""
    rows = await talks.newest(limit=1 if asked.newest else LOOKED_AT)
    found = [row.id for row in rows if row.id.startswith(asked.resume)]
    if asked.resume in found:
        return asked.resume
    if len(found) > 1:
        raise Failure(f"{asked.resume} begins several: {', '.join(found[:5])}", cure="write more")
    if not found:
        text = (
            f"no conversation begins with {asked.resume}" if asked.resume else "there is none yet"
        )
        raise Failure(text, cure="pa chat --list lists them, pa chat begins one")
    return found[0]


async def _leave(talks: Talks, talk: LastingTalk, story: ChatStory) -> None:
    """Nobody would look at a turn that goes on by itself with a later start."""
    if talks.goes_on or not story.active or story.requests:
        return
    try:
        async with asyncio.timeout(STOPPING):
            await talk.send({"type": "cancel"})
            while story.active:
                event = await talk.receive()
                if isinstance(event, dict):
                    story.take(event)
    except (TimeoutError, Unreachable):
        return


def _list(rows: Sequence[ListedConversation], *, output: str | None) -> None:
    for row in rows:
        if output == "json":
            told = {"id": row.id, "title": row.title, "created_at": row.created}
            click.echo(json.dumps(told | {"message_count": row.messages}))
            continue
        when = datetime.fromisoformat(row.created).astimezone().strftime("%Y-%m-%d %H:%M")
        title = " ".join(clean(row.title).split())
        click.echo(f"{clean(row.id)}  {when}  {row.messages:>4}  {title}")
    if not rows and output != "json":
        click.echo("no conversations yet; begin one with pa chat")
