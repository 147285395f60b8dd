"""The small real model that the tests here ask."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "local_model.py"


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the model answers."""
    python = SCRIPT.parents[1] / ".agents" / "local-model" / "bin" / "python"
    assert python.exists(), "make local-model installs the model first"
    with subprocess.Popen(
        [python, SCRIPT, "serve-here"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()
