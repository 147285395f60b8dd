"""Claude Code's real program, where `make agents` has installed it or PATH has it."""

import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / ".agents"


def claude_table() -> str:
    """The configuration of Claude Code as a worker of its own kind."""
    installed = sorted(FOLDER.glob("*/node_modules/.bin/claude"))
    found = installed[0] if installed else shutil.which("claude")
    if not found:
        pytest.skip("Claude Code is not installed: make agents")
    return f'[worker.claude]\nprogram = "{found}"\n'
