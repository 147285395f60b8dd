"""Reads mcp_servers.json. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agentproxy.text.sensitive import SECRET_VARIABLE

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9])?")
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAX_SERVERS = 50
REMOTE = (
    "mode remote is not supported: the model's vendor would call its tools, and nobody here could "
    "ask, refuse or stop. Use mode client"
)

Line = Annotated[str, Field(max_length=8192, pattern=r"^[^\x00\r\n]*$")]
HostPort = Annotated[str, Field(pattern=r"^(\*\.)?[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$")]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["client", "remote"] = "client"
    timeout: Seconds = 120.0  # of one call
    start_timeout: Seconds = 30.0  # until its tools are known


class StdioServer(_Entry):
    """A server that we start. It runs in the sandbox, and sees what is granted here."""

    transport: Literal["stdio"] = "stdio"
    command: Annotated[Line, Field(min_length=1)]
    args: tuple[Line, ...] = ()
    env: dict[str, Line] = {}
    # Ours, beyond the documented ones:
    paths: tuple[Line, ...] = ()  # shown read-only
    writable: tuple[Line, ...] = ()
    hosts: tuple[HostPort, ...] = ()  # reachable through the proxy
    isolated: bool = True  # False: outside the sandbox, with everything that the user has


class HttpServer(_Entry):
    """A server that is reached over streamable HTTP."""

    transport: Literal["http"] = "http"
    url: Annotated[Line, Field(pattern=r"^https?://[^/\s]+")]
    headers: dict[Line, Line] = {}
    authorization_token: Line = ""


@dataclass(frozen=True, slots=True)
class McpServer:
    """One configured server, with its variables filled in."""

    name: str
    entry: StdioServer | HttpServer
    written: str  # as it stands in the file: no secret is in it, and a change is seen
    secrets: tuple[str, ...] = ()  # values that must not appear anywhere


@dataclass(frozen=True, slots=True)
class SkippedServer:
    """A configured server that cannot be used, with the reason."""

    name: str
    reason: str


class BadServers(Exception):
    """The file cannot be read as a whole."""


def parse_servers(
    text: str, variables: Mapping[str, str]
) -> tuple[Sequence[McpServer], Sequence[SkippedServer]]:
    """Returns the servers of a file, and those that cannot be used. Raises BadServers."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadServers("not JSON") from None
    entries = cast("dict[str, object]", data).get("servers") if isinstance(data, dict) else None
    if not isinstance(entries, dict):
        raise BadServers('not an object with "servers"')
    found: list[McpServer] = []
    skipped: list[SkippedServer] = []
    for name, entry in list(cast("dict[str, JsonValue]", entries).items())[:MAX_SERVERS]:
        server = _server(name, entry, variables)
        if isinstance(server, McpServer):
            found.append(server)
        else:
            skipped.append(server)
    return found, skipped


def _server(name: str, entry: JsonValue, variables: Mapping[str, str]) -> McpServer | SkippedServer:
    shown = name[:40] if name.isprintable() else ascii(name[:40])
    if not NAME.fullmatch(name) or "__" in name:
        return SkippedServer(shown, "its name must be letters, digits, - and single _, at most 32")
    if not isinstance(entry, dict):
        return SkippedServer(name, "not an object")
    missing = [each for each in _variables_in(entry) if not variables.get(each)]
    if missing:
        return SkippedServer(name, f"the variable {missing[0]} is not set")
    usual = "http" if "url" in entry else "stdio"
    kind = HttpServer if entry.get("transport", usual) == "http" else StdioServer
    try:
        parsed = kind.model_validate(_filled(entry, variables))
    except ValidationError as error:
        # The value may hold a key, so it is not shown.
        first = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return SkippedServer(name, f"{place}: {first['msg']}")
    if parsed.mode == "remote":
        return SkippedServer(name, REMOTE)
    written = json.dumps(entry, sort_keys=True, ensure_ascii=True)
    named = {each: variables[each] for each in _variables_in(entry)}
    return McpServer(name, parsed, written, secrets=tuple(_secrets(parsed, named)))


def _secrets(entry: StdioServer | HttpServer, used: Mapping[str, str]) -> Iterator[str]:
    given = dict(used)
    if isinstance(entry, HttpServer):
        given |= {name.replace("-", "_"): text for name, text in entry.headers.items()}
        given |= {"AUTHORIZATION_TOKEN": entry.authorization_token}
    else:
        given |= entry.env
    for name, text in given.items():
        if SECRET_VARIABLE.search(name) or name.lower() == "authorization":
            # Behind a scheme such as `Bearer` it is a secret without it too.
            yield from (text, text.split(" ")[-1])


def _variables_in(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield from VARIABLE.findall(value)
    elif isinstance(value, list):
        for each in value:
            yield from _variables_in(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _variables_in(each)


def _filled(value: JsonValue, variables: Mapping[str, str]) -> JsonValue:
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: variables[found[1]], value)
    if isinstance(value, list):
        return [_filled(each, variables) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, variables) for key, each in value.items()}
    return value
