"""Real coding agents, where `make agents` has installed them."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / ".agents"


def agents_table() -> str:
    """The configuration that names them; the test is skipped where there is none."""
    file = FOLDER / "config.toml"
    if not file.is_file():
        pytest.skip("no agents are installed: make agents")
    return file.read_text()
