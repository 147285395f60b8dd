"""`pa chat` as a program: with the engine in its own process, and with a server."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.answers import Reply
from support.chats import KEY, Scripts, Served
from support.forked import run_pa
from support.front_door import Ran
from support.model_server import model_server
from support.terminals import Terminal, at_terminal, forked

PATIENCE = 60.0


@dataclass
class ChatProgram:
    """One way to run `pa chat`. `options` name the place of the conversations."""

    folder: Path
    scripts: Scripts
    env: dict[str, str]
    options: tuple[str, ...] = ()
    workspaces: Path = field(default_factory=Path)

    def script(self, word: str, *replies: Reply) -> None:
        self.scripts.by_word[word] = list(replies)

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        """Run it to its end."""
        done = run_pa(
            ["chat", *self.options, *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=stdin,
            patience=PATIENCE,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "agentproxy", "chat", *self.options, *arguments]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start it anew, for signals and kills, and do not wait."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def terminal(self, *arguments: str) -> AbstractContextManager[Terminal]:
        """Run it at a terminal of its own."""
        start = forked(["chat", *self.options, *arguments])
        return at_terminal(start, cwd=self.folder, env=self.env)

    def conversations(self) -> list[str]:
        """The ids of all conversations, newest first."""
        return [line.split()[0] for line in self("--list").out.splitlines() if "yet" not in line]


def _environ(folder: Path) -> dict[str, str]:
    theirs = {name: text for name, text in os.environ.items() if name.startswith(("PYTHON", "L"))}
    return {
        **theirs,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AGENTPROXY_HOME": str(folder / "home"),
    }


@contextmanager
def embedded_program(folder: Path, **variables: str) -> Generator[ChatProgram]:
    """With the engine in its own process, and a model's server for it."""
    scripts = Scripts()
    work = folder / "work"
    work.mkdir()
    with model_server(think=scripts.think) as model:
        env = {
            **_environ(folder),
            "MODEL": "claude-sonnet-4-5-20250929",
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": model.url,
            **variables,
        }
        yield ChatProgram(work, scripts, env, workspaces=work / "workspace")


def server_program(served: Served, folder: Path) -> ChatProgram:
    """With a server that runs already."""
    env = _environ(folder) | ({"API_KEY": served.key} if served.key else {})
    options = ("--url", served.url)
    return ChatProgram(folder, served.scripts, env, options, served.folder / "workspace")
