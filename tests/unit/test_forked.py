"""The process from which the tests fork `pa`."""

import os
from pathlib import Path

import pytest
from support.forked import CannotFork, can_be_forked, start_fork_server


def test_a_dependency_that_is_missing_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ImportError(\"No module named 'uvicorn'\")")
    with pytest.raises(CannotFork) as missing:
        start_fork_server({**os.environ, "PYTHONPATH": str(tmp_path)})
    assert "agentproxy.server" in str(missing.value)
    assert "No module named 'uvicorn'; run .venv/bin/pip install" in str(missing.value)


def test_a_process_is_forked_unless_it_would_heed_something_else_at_its_start() -> None:
    for name in ("PYTHONPYCACHEPREFIX", "LC_TIME", "LD_DEBUG", "TZ"):
        ours = {other: text for other, text in os.environ.items() if other != name}
        assert not can_be_forked({**ours, name: "another"})
    assert can_be_forked({**os.environ, "HOME": "/elsewhere"})
    assert can_be_forked({**os.environ, "PYTHONPYCACHEPREFIX": "", "LC_TIME": ""})
