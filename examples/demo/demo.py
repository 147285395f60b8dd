"""`make demo`: one supervised task on a real repository. Only the model is scripted (model.py)."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from model import serving

HERE = Path(__file__).resolve().parent
MODEL = "claude-sonnet-4-6"
# Variables that would choose another model, pay for it, or ask it at another address.
STEERING = ("AGENTPROXY_", "MODEL_", "AGENT_", "LLM_")
PAYING = ("_API_KEY", "_BASE_URL")
TASK = "Fix the date parser: it refuses 29 February in leap years"


def say(text: str = "") -> None:
    if sys.stdout.isatty() and text:
        text = f"\033[1m{text}\033[0m"
    print(text, flush=True)


def run(*command: str, cwd: Path, env: dict[str, str]) -> int:
    shown = " ".join(f"'{word}'" if " " in word else word for word in command)
    say(f"$ {shown}")
    code = subprocess.run(command, cwd=cwd, env=env, check=False).returncode
    print(flush=True)
    return code


def make_repository(project: Path) -> None:
    shutil.copytree(HERE / "project", project, ignore=shutil.ignore_patterns("__pycache__"))
    identity = ["-c", "user.name=Demo", "-c", "user.email=demo@localhost"]
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        [*identity, "commit", "-qm", "A date parser"],
    ):
        subprocess.run(["git", *arguments], cwd=project, check=True)


def surroundings(folder: Path) -> dict[str, str]:
    venv = Path(sys.prefix)
    config = folder / "config"
    config.mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(STEERING) and not name.endswith(PAYING)
    }
    return {
        **kept,
        "AGENTPROXY_HOME": str(folder / "home"),
        "XDG_CONFIG_HOME": str(config),
        "VIRTUAL_ENV": str(venv),
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "ANTHROPIC_API_KEY": "sk-no-key-is-needed-here",
    }


def main() -> int:
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="agentproxy-demo-"))
    project = folder / "dates"
    make_repository(project)
    env = surroundings(folder)
    say(f"A small repository with a real bug: {project}")
    say(
        "Only the model is scripted, on a server of this machine. Its first fix is quick and wrong,"
    )
    say("its second one is right. Our agent, git, sandbox, pytest, journal and verdicts are real.")
    say("The demo needs no key and no network. It costs nothing: prices are the vendor's list.")
    say()
    with serving() as address:
        env["ANTHROPIC_BASE_URL"] = address
        worker = ("--worker", "builtin", "--model", MODEL, "--judge", MODEL, "--budget", "1")
        check = ("--check", "python -m pytest -q")
        code = run("pa", *worker, *check, TASK, cwd=project, env=env)
    if code != 0:
        say(f"the demo failed: it ended with exit code {code} instead of 0 (verified)")
        return code
    run("pa", "evidence", "--verify", cwd=project, env=env)
    run("pa", "apply", cwd=project, env=env)
    run("git", "-c", "color.ui=auto", "--no-pager", "diff", "--stat", cwd=project, env=env)
    say(f"All of it took {time.monotonic() - began:.1f} s. The repository stays at {project}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
