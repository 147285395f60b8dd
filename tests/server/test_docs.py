"""The page of the server does what it says."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from support.answers import Reply
from support.chats import Served

from agentproxy.config.chat import CURES, ChatSettings, load_chat_settings
from agentproxy.config.envfile import parse_env
from agentproxy.models.metered import Retry

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "server.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()


def test_the_program_on_the_page_talks_with_the_agent(served: Served) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    poem = '{"path": "haiku.txt", "content": "old pond"}'
    served.script(
        "Write a haiku to haiku.txt",
        Reply(calls=(("write_file", poem),), stop="tools"),
        Reply(text=("Here it ", "is. ")),
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "SERVER": served.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.stdout == "Here it is. ['haiku.txt']\n", ran.stderr


def test_every_setting_is_on_the_page() -> None:
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE))
    assert named == {name.upper() for name in CURES}


def test_every_route_is_on_the_page(served: Served) -> None:
    _, described = served.request("GET", "/openapi.json")
    for path, methods in described["paths"].items():
        for method in methods:
            short = path.replace("conversation_id", "id").replace("session_id", "id")
            said = f"`{method.upper()} {short}`"
            assert said in PAGE, said


def test_the_page_of_routes_names_each_and_loads_nothing_from_elsewhere(served: Served) -> None:
    with urllib.request.urlopen(f"{served.url}/docs", timeout=30) as answer:
        page = answer.read().decode()
        assert answer.headers["content-type"].startswith("text/html")
    _, described = served.request("GET", "/openapi.json")
    for path, methods in described["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert "<script" not in page
    assert "//" not in page.replace("</", "")


def test_the_document_has_every_route_under_its_face(served: Served) -> None:
    _, described = served.request("GET", "/openapi.json")
    faces = [each["name"] for each in described["tags"]]
    assert faces == ["service", "supervisor", "conversations"]
    assert all(each["description"] for each in described["tags"])
    for path, methods in described["paths"].items():
        own = "conversations" if path.startswith("/api/") else "supervisor"
        face = "service" if path == "/health" or path.startswith("/api/auth/") else own
        for operation in methods.values():
            assert [tag for tag in operation["tags"] if tag in faces] == [face], path
    with urllib.request.urlopen(f"{served.url}/docs", timeout=30) as answer:
        page = answer.read().decode()
    assert re.findall("<h2>(.*)</h2>", page) == faces


def test_every_setting_is_in_the_example_with_its_default() -> None:
    lines = re.findall(r"^# ([A-Z_]+=.*)$", EXAMPLE, re.MULTILINE)
    shown = parse_env("\n".join(lines), source=".env.example")
    assert {name.upper() for name in CURES} - shown.keys() == set()
    # Where LLM_* is not given, conversations do as supervised runs do.
    own = {name: value for name, value in shown.items() if not name.startswith("LLM_")}
    assert load_chat_settings(own, origins=dict.fromkeys(own, "")) == ChatSettings()


def test_every_default_on_the_page_is_the_one_that_counts() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*)\|", PAGE, re.MULTILINE)
    shown = {name: text.strip().strip("`") for name, text in rows}
    # Where the page shows none, or tells it in words, nothing is set.
    given = {name: text for name, text in shown.items() if text and " " not in text}
    # Where LLM_* is not given, conversations do as supervised runs do.
    tries = {name: given.pop(name) for name in sorted(given) if name.startswith("LLM_")}
    loaded = load_chat_settings(given, origins=dict.fromkeys(given, ""))
    assert loaded == ChatSettings()
    unset = {name for name, value in ChatSettings().model_dump().items() if value in (None, ())}
    in_words = {name.lower() for name in shown.keys() - given.keys() - tries.keys()}
    of_vendor = {"temperature", "subagent_temperature", "teammate_temperature"}
    assert in_words == unset - {name.lower() for name in tries} - of_vendor
    usual = Retry()
    assert list(map(float, tries.values())) == [usual.tries, usual.base, usual.maximum]


def test_every_variable_that_conversations_know_is_on_the_page_and_in_the_example() -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        assert f"`{name}`" in PAGE
        assert re.search(rf"^# {name}=", EXAMPLE, re.MULTILINE)


def test_the_defaults_are_those_that_the_documents_promise() -> None:
    promised = {
        "model": "claude-sonnet-4-5-20250929",
        "max_turns": 50,
        "max_token_budget": 200_000,
        "max_output_tokens": 16_384,
        "context_window": 200_000,
        "compact_threshold": 0.7,
        "skills_dir": "skills",
        "prompts_dir": "prompts",
        "workspace_dir": "workspace",
        "workspace_cleanup_delay": 300,
        "bash_timeout": 60,
        "background_timeout": 300,
        "allowed_commands": (),
        "max_teammates": 5,
        "enable_memory": True,
    }
    ours = load_chat_settings({}, origins={}).model_dump()
    assert {name: ours[name] for name in promised} == promised
