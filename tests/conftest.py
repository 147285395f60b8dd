import gc
import os
import signal
import sys
from pathlib import Path

import pytest
from support.front_door import Pa, new_pa
from support.projects import CALC, TESTED_CALC

USUAL = 120  # seconds, as pyproject.toml says


def pytest_configure() -> None:
    """What this process was started with, and what its children would inherit."""
    # A background job ignores Ctrl+C and the end of its terminal.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Without compiled files, each worker of xdist and each start of Python compiles every module.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What may take longest begins first: at the end all workers but one would wait for it.

    Each worker begins with an equal part of the list, so its long ones stand first in that.
    """
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    if workers == 1:
        return
    long = sorted(filter(patience, items), key=patience, reverse=True)
    usual = [item for item in items if not patience(item)]
    ordered: list[pytest.Item] = []
    for number in range(workers):
        first = long[number::workers]
        room = max((len(items) - len(ordered)) // (workers - number) - len(first), 0)
        ordered += first + usual[:room]
        del usual[:room]
    items[:] = ordered


def patience(item: pytest.Item) -> float:
    """The time limit of a test that may take longer than others; else none."""
    marked = item.get_closest_marker("timeout")
    return marked.args[0] if marked and marked.args[0] > USUAL else 0


def pytest_collection_finish() -> None:
    """What was collected stays to the end. Collections of garbage would look through it all."""
    gc.freeze()


@pytest.fixture
def pa(tmp_path: Path) -> Pa:
    """`pa` with a project whose `add` is wrong and whose `double` is right."""
    return new_pa(tmp_path, CALC)


@pytest.fixture
def tested(tmp_path: Path) -> Pa:
    """The same with tests, which pytest runs: that takes longer than all else of a short run."""
    return new_pa(tmp_path, TESTED_CALC)
