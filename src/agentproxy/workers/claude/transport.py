"""Carries the SDK's messages over the pipes of a program that we started."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any, cast

from claude_agent_sdk import ClaudeSDKError, CLIConnectionError, ProcessError, Transport

from agentproxy.workers.claude.shapes import flaw_of, version_in
from agentproxy.workspace.sandbox.port import InputClosed, InputStream, OutputStream

# An answer of a tool may hold an image.
MAX_MESSAGE_BYTES = 64 << 20
_LOGGER = logging.getLogger(__name__)


class StrangeMessage(ClaudeSDKError):
    """A message has another form than the vendor's. The text names the field."""


class PipeTransport(Transport):
    """Speaks over two pipes. Who opened them ends the program.

    `version` is the program's, once it has said it.
    """

    def __init__(self, stdin: InputStream, stdout: OutputStream) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._ready = True
        self.version = ""

    async def connect(self) -> None:
        """Nothing to do: the program runs already."""

    async def write(self, data: str) -> None:
        try:
            await self._stdin.write(data.encode())
        except InputClosed as error:
            self._ready = False
            raise CLIConnectionError("it has ended") from error

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        unended: list[bytes] = []  # the pieces of a line whose end has not come
        size = 0
        # By chunks: an answer comes in hundreds of short lines.
        while chunk := await self._stdout.read():
            first, *others = chunk.split(b"\n")
            unended.append(first)
            size += len(first)
            if size > MAX_MESSAGE_BYTES:
                self._ready = False
                raise CLIConnectionError("it sent a message that is too long")
            if others:
                for line in (b"".join(unended), *others[:-1]):
                    if (message := _message_in(line)) is not None:
                        yield self._checked(message)
                unended, size = [others[-1]], len(others[-1])
        self._ready = False
        # After a quiet end the SDK would wait a minute for what it has asked.
        raise ProcessError("it ended without a result")

    def _checked(self, message: dict[str, Any]) -> dict[str, Any]:
        if flaw := flaw_of(message):
            self._ready = False
            raise StrangeMessage(flaw)
        self.version = version_in(message) or self.version
        return message

    async def close(self) -> None:
        self._ready = False
        self._stdin.close()

    def is_ready(self) -> bool:
        return self._ready

    async def end_input(self) -> None:
        self._stdin.close()


def _message_in(line: bytes) -> dict[str, Any] | None:
    try:
        found: object = json.loads(line.decode())
        if b"\\ud" in line.lower():
            found = _with_whole_pairs(found)
    except (ValueError, RecursionError):
        # The program, or something that it loads, may print other lines.
        _LOGGER.debug("not a message: %r", line[:200])
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _with_whole_pairs(value: object) -> object:
    # It cuts long texts anywhere, also in a surrogate pair. Half of one cannot be stored.
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_with_whole_pairs(each) for each in cast("list[object]", value)]
        case dict():
            pairs = cast("dict[object, object]", value).items()
            return {_with_whole_pairs(name): _with_whole_pairs(each) for name, each in pairs}
        case _:
            return value
