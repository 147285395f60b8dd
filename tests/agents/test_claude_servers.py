"""Claude Code uses an MCP server at an address, when its host is granted."""

import json
import shutil
from pathlib import Path

import pytest
from support.answers import Reply
from support.claude_code import claude_table
from support.front_door import Pa, Ran
from support.mcp_http import http_servers
from support.model_server import Server, model_server
from support.projects import CHECK
from support.relay import keys_for

pytestmark = pytest.mark.agents
WORDS = ("-o", "json", "--worker", "claude", "--model", "claude-sonnet-4-6", "--check", CHECK)
NOTES = Path(__file__).parents[1] / "fixtures" / "mcp" / "notes.py"
TOKEN = "token-of-the-notes"


def calls(tool: str, key: str, **arguments: object) -> Reply:
    return Reply(calls=((tool, json.dumps(arguments)),), stop="tools", key=f"{key}-")


def order(pa: Pa, table: str) -> tuple[Ran, Server]:
    folder = pa.home / "config" / "agentproxy"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(claude_table() + table)
    adds = calls("mcp__notes__add", "adds", a=20, b=22)
    edit = {"file_path": f"{pa.project}/calc.py", "old_string": "a - b", "new_string": "a + b"}
    mends = calls("Edit", "mends", **edit)
    with model_server(adds, mends, Reply(text=("It is mended.",), key="end-")) as server:
        ran = pa(*WORDS, "Fix it", env=keys_for(server))
    return ran, server


def test_a_server_at_a_granted_address_is_called_with_its_headers(pa: Pa, tmp_path: Path) -> None:
    program = shutil.copytree(NOTES.parent, tmp_path / "mcp") / NOTES.name
    with http_servers(program, token=TOKEN) as notes, notes.serving():
        table = f"""hosts = ["127.0.0.1:{notes.port}"]
[worker.claude.servers.notes]
url = "http://127.0.0.1:{notes.port}/mcp"
headers = {{ Authorization = "Bearer {TOKEN}" }}
"""
        ran, server = order(pa, table)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-4:]
    assert "42" in json.dumps(server.asked[1]["messages"][-1])
    grants = ran.of_kind("worker_started")[0]["grants"]
    assert {"MCP server notes", f"network 127.0.0.1:{notes.port}"} <= {*grants}
