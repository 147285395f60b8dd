"""The documentation does what it says: its commands run, its files load, its options exist."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from support.front_door import new_pa

from agentproxy.cli.commands.run import command as task
from agentproxy.cli.help import COMMANDS
from agentproxy.cli.root import RUN, root
from agentproxy.config.llm import NAMES
from agentproxy.config.project import load_project
from agentproxy.config.settings import CURES, PREFIX
from agentproxy.config.user import load_user

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "agentproxy"
PAGES = ("README.md", "docs/cli.md")
DEMO = ROOT / "examples" / "demo"


def blocks(page: str, kind: str) -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def readme_commands() -> list[str]:
    """Every line of the README that a person would type to `pa`."""
    lines = "\n".join(blocks("README.md", "console")).splitlines()
    commands = [line[2:].partition("   #")[0].strip() for line in lines if line.startswith("$ pa ")]
    assert len(commands) >= 4
    return commands


@contextmanager
def demo_model() -> Generator[str]:
    """The demo's own model, serving: its address."""
    code = "from model import serving\nwith serving() as at: print(at, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=DEMO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def test_the_demo_takes_nothing_along_that_could_cost_its_user_money(tmp_path: Path) -> None:
    code = "import demo, json, pathlib, sys\n"
    code += "print(json.dumps(demo.surroundings(pathlib.Path(sys.argv[1]))))"
    theirs = {
        "AGENTPROXY_JUDGE": "gpt-4o",
        "OPENAI_API_KEY": "theirs",
        "OPENAI_BASE_URL": "theirs",
        "MODEL_FALLBACK": "gpt-4o",
        "AGENT_LLM_PARAMS": "{}",
        "LLM_MAX_RETRIES": "9",
        "ANTHROPIC_API_KEY": "theirs",
        "XDG_CONFIG_HOME": "theirs",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=DEMO,
        env={**os.environ, **theirs},
        capture_output=True,
        text=True,
        check=True,
    )
    env = json.loads(done.stdout)
    assert {name: env[name] for name in theirs if env.get(name) == theirs[name]} == {}
    assert set(theirs) & set(env) == {"ANTHROPIC_API_KEY", "XDG_CONFIG_HOME"}
    assert list(Path(env["XDG_CONFIG_HOME"]).iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, {"README.md": "dates\n"})
    shutil.copytree(DEMO / "project", pa.project, dirs_exist_ok=True)
    pa.commit()
    agent = pa.scripts / "my-agent"
    shutil.copy(DEMO / "worker.py", agent)
    folder = Path(pa.environment()["VIRTUAL_ENV"]) / "bin"
    env = pa.environment()
    env["PATH"] = f"{pa.scripts}:{folder}:{env['PATH']}"
    env["ANTHROPIC_API_KEY"] = "sk-not-a-real-key"
    with demo_model() as env["ANTHROPIC_BASE_URL"]:
        for command in readme_commands():
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=pa.project,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            pa.git("checkout", "-q", ".")


def test_the_configuration_files_of_the_documentation_load() -> None:
    user, project = blocks("docs/cli.md", "toml")
    for table in blocks("docs/agents.md", "toml"):
        assert load_user(table, source="docs").workers
    written = load_user(user, source="docs")
    assert written.workers["mine"].hosts == ("api.example.com:443",)
    assert written.defaults.worker == "mine"
    assert load_project(project, source="docs").checks["integration"].role == "acceptance"


def options() -> set[str]:
    context = root.make_context("pa", ["--help"], resilient_parsing=True)
    commands = [root.get_command(context, name) for name in (*COMMANDS, RUN)]
    return {
        spelling
        for command in commands
        if command is not None
        for param in command.get_params(context)
        for spelling in (*param.opts, *param.secondary_opts)
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_a_page_names_exists(page: str) -> None:
    recorded = re.compile(r"^```text\n.*?^```", re.MULTILINE | re.DOTALL)
    text = recorded.sub("", (ROOT / page).read_text())
    text = re.sub(r"my-agent[^'`\n]*", "", text)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    foreign = {"--headless", "--stat", "--verify"} - options()
    assert named - foreign <= options() | {"--no-pager"}


def test_every_command_and_every_option_of_a_task_is_documented() -> None:
    text = (ROOT / "docs/cli.md").read_text()
    assert [name for name in COMMANDS if f"pa {name}" not in text] == []
    spelt = {param.opts[-1] for param in task.params if param.opts[0].startswith("-")}
    missing = {option for option in spelt if option not in text and option != "--version"}
    assert missing - {"-o", "-d"} == set()


def test_every_option_of_every_command_is_documented() -> None:
    text = (ROOT / "docs/cli.md").read_text()
    missing = {option for option in options() if option.startswith("--") and option not in text}
    assert missing <= {"--version", "--help"}


@pytest.mark.parametrize("page", ["docs/cli.md", ".env.example"])
def test_every_setting_is_documented(page: str) -> None:
    text = (ROOT / page).read_text()
    names = {PREFIX + field.upper() for field in CURES} | NAMES
    assert {name for name in names if f"{name}=" not in text and f"`{name}`" not in text} == set()


def test_agents_md_is_short_and_its_files_exist() -> None:
    text = (ROOT / "AGENTS.md").read_text()
    assert text.count("\n") < 120
    named = re.findall(r"`([a-z]\w*/[\w/.-]*)`", text)
    assert len(named) > 40
    roots = (ROOT, SOURCE)
    assert [
        name
        for name in named
        if not any((root / name).exists() for root in roots)
        and not name.startswith("refs/")
        and "NAME" not in name
    ] == []


def test_agents_md_gives_a_reason_for_every_package_of_more_than_fifteen_files() -> None:
    text = (ROOT / "AGENTS.md").read_text()
    _, section = text.split("## Packages with more than fifteen", 1)
    named = re.findall(r"^- `([\w/]+)`: ", section.partition("\n## ")[0], re.MULTILINE)
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    large = [folder for folder in folders if len(list(folder.glob("*.py"))) > 15]
    assert named == sorted(str(folder.relative_to(SOURCE)) for folder in large)


def test_the_readme_names_the_python_that_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert f"Python {oldest} or later" in (ROOT / "README.md").read_text()


def test_every_decision_has_a_number_of_its_own_and_every_mention_of_one_leads_somewhere() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for number, page in zip(numbers, pages, strict=True):
        assert page.read_text().startswith(f"# {number}. "), page.name
    for page in (ROOT / "AGENTS.md", *(ROOT / name for name in PAGES), *pages):
        mentions = {int(number) for number in re.findall(r"\bdecision (\d+)", page.read_text())}
        assert mentions <= set(numbers), page.name


def test_every_file_of_the_product_that_a_decision_names_exists() -> None:
    for page in (ROOT / "docs/decisions").glob("*.md"):
        for name in re.findall(r"`([a-z]\w*/[\w/]+\.py)`", page.read_text()):
            assert any((root / name).exists() for root in (ROOT, SOURCE)), (page.name, name)


def test_every_module_that_says_it_is_pure_stands_in_the_contract_of_what_is_pure() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (it for it in settings["contracts"] if it["name"] == "What decides is pure")
    listed = cast("list[str]", contract["source_modules"])
    for path in SOURCE.rglob("*.py"):
        said = ast.get_docstring(ast.parse(path.read_text())) or ""
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        if re.search(r"\bpure(ly)?\b", said, re.IGNORECASE):
            assert any(f"{module}.".startswith(f"{name}.") for name in listed), module
