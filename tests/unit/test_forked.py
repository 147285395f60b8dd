"""The process from which the tests fork `pa`."""

import os
from pathlib import Path

import pytest
from support.forked import CannotFork, start_fork_server


def test_a_dependency_that_is_missing_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ImportError(\"No module named 'uvicorn'\")")
    with pytest.raises(CannotFork) as missing:
        start_fork_server({**os.environ, "PYTHONPATH": str(tmp_path)})
    assert "agentproxy.server" in str(missing.value)
    assert "No module named 'uvicorn'; run .venv/bin/pip install" in str(missing.value)
