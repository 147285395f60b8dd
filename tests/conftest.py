import gc
import os
import signal
import sys
from pathlib import Path

import pytest
from support.front_door import Pa, new_pa
from support.projects import CALC, TESTED_CALC


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
