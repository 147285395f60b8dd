"""A turn over a hot wire needs no vendor's library: it works where none can be imported."""

import json
from pathlib import Path

import pytest
from support.chats import serving
from support.front_door import Pa
from support.model_server import Reply, Server, model_server

LIBRARIES = ("pydantic_ai", "openai", "anthropic", "google", "jiter")
FIX = '{"path": "calc.py", "old_text": "a - b", "new_text": "a + b"}'
TURNS = (Reply(calls=(("edit_file", FIX),), stop="tools"), Reply(text=("Mended.",)))


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """A folder in which each of the libraries ends the import that it is met in."""
    for name in LIBRARIES:
        package = tmp_path / "broken" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"raise ImportError('no {name}', name='{name}')\n")
    return str(tmp_path / "broken")


def run(pa: Pa, model: str, server: Server, broken: str) -> tuple[int, str]:
    keys = {
        f"{vendor}_API_KEY": "sk-of-the-tests" for vendor in ("ANTHROPIC", "OPENAI", "OPENROUTER")
    }
    addresses = {
        "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OPENROUTER_BASE_URL": f"{server.url}/v1",
    }
    asked = ("-o", "json", "--worker", "builtin", "--judge", "none", "--model", model)
    started = pa.start(
        *asked, "--check", "grep 'a + b' calc.py", "Fix it",
        env={**keys, **addresses, "PYTHONPATH": broken},
    )  # fmt: skip
    out, _ = started.communicate(timeout=60)
    return started.returncode, out


@pytest.mark.parametrize("model", ["claude-sonnet-4-6", "gpt-4o"])
def test_our_agent_works_without_any_vendors_library(pa: Pa, model: str, broken: str) -> None:
    with model_server(*TURNS) as server:
        code, out = run(pa, model, server, broken)
        assert len(server.asked) == 2, out
    assert code == 0, out


def test_a_model_of_another_wire_says_which_library_is_missing(pa: Pa, broken: str) -> None:
    with model_server() as server:
        code, out = run(pa, "openrouter/qwen/qwen3", server, broken)
    assert code != 0
    assert "agentproxy[models]" in out


def test_a_conversation_needs_no_vendors_library_either(tmp_path: Path, broken: str) -> None:
    with serving(tmp_path, PYTHONPATH=broken) as served:
        served.script("hello", Reply(text=("Hel", "lo")))
        with served.talk(served.new()) as talk:
            came = talk.ask("hello")
    assert "".join(each["content"] for each in came if each["type"] == "text_delta") == "Hello"
    assert not [each for each in came if each["type"] == "error"], json.dumps(came)
