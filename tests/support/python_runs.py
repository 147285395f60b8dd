"""Runs of Python's test runners outside the sandbox, with what a check puts around them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from agentproxy.events.check import CheckResult
from agentproxy.evidence import reports as reports_package
from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.evidence.reports.runners import PYTHON_START, REPORT_FOLDER
from agentproxy.workspace.sandbox.port import Ended

START = Path(reports_package.__file__).parent / "python_start"


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run_check(
    folder: Path, command: str, *, env: Mapping[str, str] | None = None, also: str = ""
) -> CheckResult:
    """What one run of a command says. Its PATH begins with this Python's programs, and `also`."""
    reports = folder.parent / f"reports-of-{folder.name}"
    reports.mkdir(exist_ok=True)
    for old in reports.iterdir():
        old.unlink()
    # The variables of the test around it are not for it.
    own = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    own |= {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), also, own["PATH"]]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ours = {
        name: text.replace(REPORT_FOLDER, str(reports)).replace(PYTHON_START, str(START))
        for name, text in instrument(command, env or {}).env.items()
    }
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**own, **(env or {}), **ours},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=100,
    )
    output = done.stdout.decode(errors="replace")
    ended = Ended("exited", done.returncode, 1.0, output, len(done.stdout), "d")
    written = {path.name: path.read_bytes() for path in reports.iterdir()}
    written = {name: xml for name, xml in written.items() if "of-test" not in name}
    tree = [str(path.relative_to(folder)) for path in folder.rglob("*.py")]
    return interpret(ended, written, command=command, tree=tree, root=str(folder))
