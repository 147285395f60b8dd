"""MCP servers: what their file says, and which of their tools a model is offered."""

import json

import pytest
from pydantic import JsonValue

from agentproxy.tools.mcp.configuration import (
    MAX_SERVERS,
    BadServers,
    HttpServer,
    StdioServer,
    parse_servers,
)
from agentproxy.tools.mcp.offered import OfferedTool, digest_of_tools, usable

VARIABLES = {"TOKEN": "t0ken-of-mine", "HOME": "/home/me", "EMPTY": ""}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"servers": []}', '{"mcpServers": {}}'])
def test_a_file_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadServers):
        parse_servers(text, {})


def test_variables_are_filled_in_and_never_kept_in_what_is_approved() -> None:
    servers = {
        "files": {
            "transport": "stdio",
            "command": "files-server",
            "args": ["--root", "${HOME}/notes"],
            "env": {"API_TOKEN": "${TOKEN}", "LEVEL": "info"},
        },
        "web": {
            "transport": "http",
            "url": "https://example.com/${HOME}",
            "headers": {"X-Api-Key": "Key abcdef", "X-Client": "me"},
            "authorization_token": "${TOKEN}",
        },
    }
    found, skipped = parse_servers(json.dumps({"servers": servers}), VARIABLES)
    assert not skipped
    files, web = found
    assert isinstance(files.entry, StdioServer)
    assert files.entry.args == ("--root", "/home/me/notes")
    assert files.entry.env["API_TOKEN"] == "t0ken-of-mine"
    assert isinstance(web.entry, HttpServer)
    assert web.entry.authorization_token == "t0ken-of-mine"
    for each in found:
        assert "t0ken-of-mine" not in each.written
        assert "t0ken-of-mine" in each.secrets
        assert not {"/home/me", "info", "me"} & set(each.secrets)
    assert "abcdef" in web.secrets


@pytest.mark.parametrize(
    ("name", "entry", "reason"),
    [
        ("a", {"command": "x", "env": {"K": "${NOPE}"}}, "the variable NOPE is not set"),
        ("a", {"command": "x", "args": ["${EMPTY}"]}, "the variable EMPTY is not set"),
        ("a", {"transport": "http", "url": "${NOPE}"}, "the variable NOPE is not set"),
        ("a", {"transport": "stdio"}, "command: missing; write it"),
        (
            "a",
            {"transport": "stdio", "command": "x", "comand": "y"},
            "comand: unknown key; leave",
        ),
        (
            "a",
            {"transport": "sse", "url": "https://x"},
            "transport: none of the choices; ",
        ),
        (
            "a",
            {"transport": "http", "url": "file:///etc/passwd"},
            "url: no address; begin",
        ),
        ("a", {"url": "https:// x"}, "url: no address; "),
        ("a", {"transport": 7, "command": "x"}, "transport: none of the choices; write stdio"),
        ("a", {"command": "x", "mode": "local"}, "mode: Input should be 'client' or"),
        ("a", {"command": 7}, "command: not a text; write it in quotes"),
        ("a", {"transport": "http", "url": "https://x", "mode": "remote"}, "mode remote is not"),
        ("a", {"command": "x", "args": ["a\nb"]}, "args.0: more than one line; write it"),
        (
            "a",
            {"command": "x", "hosts": ["example.com"]},
            "hosts.0: no host with a port",
        ),
        ("a", {"command": "x", "timeout": 0}, "timeout: Input should be greater than 0"),
        ("a", [], "not an object"),
        ("", {"command": "x"}, "its name must be"),
        ("a__b", {"command": "x"}, "its name must be"),
        ("a b", {"command": "x"}, "its name must be"),
        ("../a", {"command": "x"}, "its name must be"),
        ("x" * 33, {"command": "x"}, "its name must be"),
    ],
)
def test_a_server_that_cannot_be_used_is_skipped_with_the_reason(
    name: str, entry: JsonValue, reason: str
) -> None:
    good: JsonValue = {"command": "good"}
    text = json.dumps({"servers": {name: entry, "good": good}})
    found, skipped = parse_servers(text, VARIABLES)
    assert [each.name for each in found] == ["good"]
    (left,) = skipped
    assert left.reason.startswith(reason)


def test_servers_beyond_the_limit_are_named() -> None:
    servers = {f"s{number}": {"command": "x"} for number in range(MAX_SERVERS + 2)}
    found, skipped = parse_servers(json.dumps({"servers": servers}), {})
    assert len(found) == MAX_SERVERS
    assert [each.name for each in skipped] == ["s50", "s51"]
    assert "only the first 50" in skipped[0].reason


def test_the_form_of_other_programs_is_told_how_it_becomes_ours() -> None:
    with pytest.raises(BadServers, match='rename "mcpServers"'):
        parse_servers('{"mcpServers": {"files": {"command": "x"}}}', {})


def offered(name: str, description: str = "d", **schema: JsonValue) -> OfferedTool:
    return OfferedTool(name, description, {"type": "object", **schema})


@pytest.mark.parametrize(
    ("tool", "why"),
    [
        (offered("fine"), ""),
        (offered("with space"), "vendors do not take its name"),
        (offered("x" * 60), "vendors do not take its name"),
        (offered("known"), "its name is there twice"),
        (offered("list", type="array"), "its arguments are no object"),
        (offered("large", text="x" * 60_000), "its schema is too large"),
    ],
)
def test_which_tools_a_model_is_offered(tool: OfferedTool, why: str) -> None:
    found, left = usable("notes", [offered("known"), tool])
    if why:
        assert [each.name for each in found] == ["known"]
        assert left == [f"'{tool.name}': {why}"]
    else:
        assert (found[-1], list(left)) == (tool, [])


def test_only_so_many_tools_of_a_server_are_offered() -> None:
    found, left = usable("notes", [offered(f"t{number}") for number in range(130)])
    assert (len(found), len(left)) == (128, 2)


def test_the_digest_changes_with_every_word_and_not_with_the_order() -> None:
    one, two = offered("a", "reads"), offered("b", "writes", properties={"x": {"type": "string"}})
    digest = digest_of_tools([one, two])
    assert digest == digest_of_tools([two, one])
    changed = [
        [one],
        [one, offered("b", "writes", properties={"x": {"type": "number"}})],
        [one, offered("b", "writes.", properties={"x": {"type": "string"}})],
        [one, offered("c", "writes", properties={"x": {"type": "string"}})],
        [one, two, two],
        [offered("a", "reads\u200b"), two],
    ]
    assert digest not in {digest_of_tools(each) for each in changed}


def test_what_a_person_does_not_see_in_a_description_no_model_sees() -> None:
    hidden = "\U000e0041\u202e\U000e0101\ufe01\u3164"
    assert offered("a", f"Adds{hidden} numbers.\n\tWell").words == "Adds numbers.\n\tWell"
