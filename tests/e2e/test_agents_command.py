"""`pa agents`: what is installed, the table for each, and how it gets into the configuration."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.front_door import Pa, Ran, Record
from support.projects import CHECK, MEND

from agentproxy.config.user import load_user
from agentproxy.workers.known.table import known_agents

ROOT = Path(__file__).resolve().parents[2]
OWN = '# mine\n[defaults]\nmax_time = "30m"\n\n[worker.mine]\ncommand = "my-agent"\n'


def packaged(pa: Pa, name: str, *, version: str) -> Path:
    """A program of npm as npm installs it: a link to a file of its package."""
    agent = known_agents()[name]
    place = pa.scripts / "prefix" / "lib" / "node_modules" / agent.package_name
    place.mkdir(parents=True)
    told = {"name": agent.package_name, "version": version}
    (place / "package.json").write_text(json.dumps(told))
    program = place / "cli"
    program.write_text("#!/bin/sh\necho never started; exit 1\n")
    program.chmod(0o755)
    link = pa.scripts / "prefix" / "bin" / agent.program
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(program)
    return link


def agents(pa: Pa, *words: str) -> Ran:
    """Only the programs of this test are on PATH, and what `pa` itself needs."""
    path = f"{pa.scripts / 'prefix' / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin"
    return pa("agents", *words, env={"PATH": path})


def listed(pa: Pa) -> dict[str, Record]:
    ran = agents(pa, "--output", "json")
    assert ran.code == 0, ran.err
    return {row["name"]: row for row in ran.records}


def configuration(pa: Pa) -> Path:
    file = pa.home / "config" / "agentproxy" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def test_an_installed_agent_is_listed_with_its_version_and_what_it_can_do(pa: Pa) -> None:
    program = packaged(pa, "codex", version="7.8.9")
    rows = listed(pa)
    assert list(rows) == list(known_agents())
    codex = rows["codex"]
    assert (codex["installed"], codex["version"], codex["program"]) == (
        True,
        "7.8.9",
        str(program),
    )
    assert codex["can"] == ["edits files", "runs commands"]
    assert not rows["aider"]["installed"]
    shown = agents(pa).out
    assert "✓ codex" in shown
    assert "not installed: pip install aider-chat" in shown


def test_a_version_that_no_package_tells_is_asked_in_the_sandbox(pa: Pa) -> None:
    program = pa.scripts / "prefix" / "bin" / "claude"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "2.3.4 (it); $HOME"\n')
    program.chmod(0o755)
    assert listed(pa)["claude-code"]["version"] == "2.3.4"


def test_a_table_is_added_with_the_paths_of_the_machine(pa: Pa) -> None:
    program = packaged(pa, "codex", version="7.8.9")
    configuration(pa).write_text(OWN)
    ran = agents(pa, "add", "codex")
    assert ran.code == 0, ran.err
    assert f"wrote [worker.codex] to {configuration(pa)}" in ran.out
    text = configuration(pa).read_text()
    assert text.startswith(OWN)
    worker = load_user(text, source="it").workers["codex"]
    assert str(program) in (worker.command or "")
    assert worker.paths == (str(pa.scripts / "prefix"),)
    assert listed(pa)["codex"]["configured"]
    shown = agents(pa, "show", "codex", "--output", "json").records[0]
    assert text == f"{OWN}\n{shown['table']}"


def test_a_long_script_of_a_table_starts_its_program(pa: Pa) -> None:
    program = packaged(pa, "codex", version="7.8.9")
    program.resolve().write_text(f"#!/bin/sh\nset -e\n{MEND}\n")
    assert agents(pa, "add", "codex").code == 0
    env = {"OPENAI_API_KEY": "sk-not-a-real-key", "AGENTPROXY_JUDGE": "none"}
    ran = pa("-o", "json", "--worker", "codex", "--check", CHECK, "Fix it", env=env)
    assert ran.code == 0, (ran.err, ran.records[-3:])


def test_what_is_there_already_is_kept_and_nothing_is_written(pa: Pa) -> None:
    packaged(pa, "codex", version="7.8.9")
    for text, why in (
        ('[worker.codex]\ncommand = "mine"\n', "is already in"),
        ('worker = { mine = { command = "mine" } }\n', "cannot stand at the end of"),
    ):
        configuration(pa).write_text(text)
        ran = agents(pa, "add", "codex")
        assert (ran.code, why in ran.err) == (2, True), ran.err
        assert configuration(pa).read_text() == text
        assert [file.name for file in configuration(pa).parent.iterdir()] == ["config.toml"]


def test_a_configuration_that_is_a_link_stays_one(pa: Pa) -> None:
    packaged(pa, "codex", version="7.8.9")
    kept = pa.scripts / "dotfiles.toml"
    kept.write_text(OWN)
    configuration(pa).symlink_to(kept)
    assert agents(pa, "add", "codex").code == 0
    assert configuration(pa).is_symlink()
    assert "[worker.codex]" in kept.read_text()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("show", "codeks"), "did you mean codex"),
        (("add", "codeks"), "did you mean codex"),
        (("add", "zzz"), "known: claude-code, codex"),
        (("add", "codex"), "npm install -g @openai/codex"),
        (("add",), "which agent?"),
        (("list", "codex"), "pa agents show codex"),
        (("codex",), "is not one of 'list', 'show', 'add'"),
    ],
)
def test_a_wrong_call_is_a_usage_error_with_its_cure(pa: Pa, words: list[str], why: str) -> None:
    ran = agents(pa, *words)
    assert (ran.code, why in ran.err) == (2, True), ran.err


def test_the_table_of_an_agent_that_is_not_installed_is_shown_for_reading(pa: Pa) -> None:
    ran = agents(pa, "show", "aider")
    assert (ran.code, "aider is not installed" in ran.err) == (0, True)
    assert load_user(ran.out, source="it").workers["aider"].model == "gpt-4o"


def test_the_page_about_agents_says_what_the_data_say() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "agents_page.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_script_of_the_table_can_stand_between_quotes() -> None:
    for name, agent in known_agents().items():
        assert "'" not in agent.script, name
        load_user(agent.worker_table(name, program="/PATH/it's"), source=name)
