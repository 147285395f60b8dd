"""Runs real test runners as a check does, and reads what they report."""

import os
import subprocess
from pathlib import Path

from agentproxy.events.check import CheckResult
from agentproxy.evidence import reports as reports_package
from agentproxy.evidence.instrumentation import Instrumentation, interpret
from agentproxy.evidence.reports.runners import NODE_PRELOAD, PYTHON_START, REPORT_FOLDER
from agentproxy.workspace.sandbox.port import Ended


def _within(wanted: Instrumentation, reports: Path) -> dict[str, str]:
    """The variables of a run outside the sandbox; those of the test around it are not for it."""
    own = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    source = Path(reports_package.__file__).parent
    folders = {
        REPORT_FOLDER: reports,
        PYTHON_START: source / "python_start",
        NODE_PRELOAD: source / "node_preload",
    }
    ours = dict(wanted.env)
    for folder, place in folders.items():
        ours = {name: text.replace(folder, str(place)) for name, text in ours.items()}
    return {**own, **ours}


def really_ran(command: str, wanted: Instrumentation, folder: Path) -> CheckResult:
    """What a command in a folder says, outside of the sandbox."""
    reports_in = folder / "reports"
    reports_in.mkdir()
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**_within(wanted, reports_in), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    reports = {path.name: path.read_bytes() for path in reports_in.iterdir()}
    output = (done.stdout + done.stderr).decode()
    ended = Ended("exited", done.returncode, 1.0, output, len(output.encode()), "d")
    return interpret(ended, reports, command=command, root=str(folder))
