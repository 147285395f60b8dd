"""Reads mcp_servers.json. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agentproxy.text.sensitive import SECRET_VARIABLE

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9])?")
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAX_SERVERS = 50
REMOTE = (
    "mode remote is not supported: the model's vendor would call its tools, and nobody here could "
    "ask, refuse or stop. Use mode client"
)

HOST = re.compile(r"(\*\.)?[A-Za-z0-9.-]{1,253}:[0-9]{1,5}")
URL = re.compile(r"https?://[^/\s]\S*")


def _one_line(text: str) -> str:
    if any(sign in text for sign in "\0\r\n"):
        raise ValueError("more than one line; write it as one")
    return text


def _is_address(text: str) -> str:
    if not URL.match(text):
        raise ValueError("no address; begin it with http:// or https://")
    return text


def _is_host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise ValueError("no host with a port; write it like api.example.com:443")
    return text


Line = Annotated[str, Field(max_length=8192), AfterValidator(_one_line)]
HostPort = Annotated[str, AfterValidator(_is_host)]
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
    url: Annotated[Line, AfterValidator(_is_address)]
    headers: dict[Line, Line] = {}
    authorization_token: Line = ""


TRANSPORTS = {"stdio": StdioServer, "http": HttpServer}
# What the validating library finds, in plain words.
WORDS = {
    "missing": "missing; write it",
    "extra_forbidden": "unknown key; leave it out",
    "string_type": 'not a text; write it in quotes, such as "text"',
}
TRANSPORT = "transport: none of the choices; write stdio, or http for streamable HTTP"


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
    written = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    entries = written.get("servers")
    if not isinstance(entries, dict):
        cure = '; rename "mcpServers"' if "mcpServers" in written else ""
        raise BadServers(f'not an object with "servers"{cure}')
    found: list[McpServer] = []
    skipped: list[SkippedServer] = []
    for number, (name, entry) in enumerate(cast("dict[str, JsonValue]", entries).items()):
        server = _server(name, entry, variables)
        if number >= MAX_SERVERS:
            server = SkippedServer(server.name, f"only the first {MAX_SERVERS} servers count")
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
    parsed = _parsed(entry, variables)
    if isinstance(parsed, str):
        return SkippedServer(name, parsed)
    written = json.dumps(entry, sort_keys=True, ensure_ascii=True)
    named = {each: variables[each] for each in _variables_in(entry)}
    return McpServer(name, parsed, written, secrets=tuple(_secrets(parsed, named)))


def _parsed(
    entry: Mapping[str, JsonValue], variables: Mapping[str, str]
) -> StdioServer | HttpServer | str:
    """Returns the entry with its variables filled in, or why it cannot be used."""
    for each in _variables_in(dict(entry)):
        if not variables.get(each):
            return f"the variable {each} is not set"
    try:
        parsed = _kind(entry).model_validate(_filled(dict(entry), variables))
    except KeyError:
        return TRANSPORT
    except ValidationError as error:
        return _reason(error)
    return REMOTE if parsed.mode == "remote" else parsed


def _reason(error: ValidationError) -> str:
    # The value may hold a key, so it is not shown.
    first = error.errors(include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    said = WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    return f"{place}: {said}"


def _kind(entry: Mapping[str, JsonValue]) -> type[StdioServer | HttpServer]:
    """Raises KeyError for a transport that we do not have."""
    return TRANSPORTS[str(entry.get("transport", "http" if "url" in entry else "stdio"))]


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
