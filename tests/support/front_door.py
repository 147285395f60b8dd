"""The front door: real repositories, real workers, and `pa` as a process of its own."""

import atexit
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from support.forked import run_pa
from support.venvs import bare_venv

Record = dict[str, Any]
PATIENCE = 110


@dataclass(frozen=True)
class Ran:
    """What one call of `pa` came to."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[Record]:
        """The lines of `--output json`."""
        return [cast("Record", json.loads(line)) for line in self.out.splitlines()]

    @property
    def result(self) -> Record:
        """The last line: the result object."""
        last = self.records[-1]
        assert last["kind"] == "result", last
        return last

    def of_kind(self, kind: str) -> list[Record]:
        """The data of all events of a kind."""
        return [record["data"] for record in self.records if record["kind"] == kind]

    def finding(self, check: str) -> Record:
        """What the last round found of a check whose name contains this."""
        checks = self.of_kind("round_judged")[-1]["checks"]
        found = [item for item in checks if check in item["check"]]
        assert len(found) == 1, (check, checks)
        return cast("Record", found[0])


@dataclass
class Pa:
    """`pa`, with a home of its own and a project to work in."""

    home: Path
    project: Path
    scripts: Path
    env: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        patience: float = PATIENCE,
    ) -> Ran:
        """Run it to its end."""
        done = run_pa(
            arguments,
            cwd=cwd or self.project,
            env=self.environment(env),
            stdin=stdin,
            patience=patience,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def task(
        self,
        *arguments: str,
        worker: str,
        env: Mapping[str, str] | None = None,
        asks: str = "Make it right",
        patience: float = PATIENCE,
    ) -> Ran:
        """A task with JSON output; `worker` is a shell script, run in the tree."""
        command = ["--output", "json", "--worker", self.worker(worker), *arguments]
        return self(*command, asks, env=env, patience=patience)

    def start(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Start it, and do not wait."""
        return subprocess.Popen(
            [sys.executable, "-m", "agentproxy", *arguments],
            cwd=self.project,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a process of ours is given; the variable that pytest sets for itself is not."""
        inherited = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
        programs = [f"{prefix}/bin" for prefix in (bare_venv(), sys.prefix)]
        ours = {
            "AGENTPROXY_HOME": str(self.home),
            "AGENTPROXY_HOLD": "0",
            # What results of a base depend on are all tools of this machine, and few tests ask.
            "AGENTPROXY_KEEP_BASES": "never",
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "VIRTUAL_ENV": str(bare_venv()),
            "PIP_NO_INDEX": "1",
            "npm_config_offline": "true",
            "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
        }
        return {**inherited, **ours, **self.env, **(more or {})}

    def worker(self, script: str) -> str:
        """A worker that is a shell script; AGENTPROXY_ROUND tells it the round."""
        path = self.scripts / f"worker-{len(list(self.scripts.iterdir()))}.sh"
        path.write_text(f"#!/bin/sh\nset -e\n{script}\n")
        path.chmod(0o755)
        return f"command:{shlex.quote(str(path))}"

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the project."""
        for name, text in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, message: str = "A commit") -> str:
        """Commit everything, and say the commit."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Plain git in the project, as its user."""
        return run_git(arguments, cwd=cwd or self.project)


def run_git(arguments: Sequence[str], *, cwd: Path) -> str:
    """Plain git, as a user with a name."""
    identity = ["-c", "user.name=A User", "-c", "user.email=user@example.org"]
    untidy = ["-c", "maintenance.auto=false"]  # else a commit starts one more process
    done = subprocess.run(
        ["git", *identity, *untidy, *arguments], cwd=cwd, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def new_pa(folder: Path, files: Mapping[str, str]) -> Pa:
    """A front door with a committed project."""
    made = _committed(tuple(files.items()))
    project, scripts = folder / "project", folder / "scripts"
    shutil.copytree(made, project, symlinks=True)
    scripts.mkdir()
    return Pa(home=folder / "home", project=project, scripts=scripts)


@cache
def _committed(files: tuple[tuple[str, str], ...]) -> Path:
    """A repository of these files, of which each test gets a copy."""
    folder = Path(tempfile.mkdtemp(prefix="agentproxy-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    pa = Pa(home=folder / "home", project=folder / "project", scripts=folder)
    pa.project.mkdir()
    pa.git("init", "-q", "-b", "main")
    pa.write(dict(files))
    pa.commit("The beginning")
    for example in (pa.project / ".git" / "hooks").iterdir():
        example.unlink()
    return pa.project
