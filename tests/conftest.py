import signal
from pathlib import Path

import pytest
from support.front_door import Pa, new_pa
from support.projects import CALC


def pytest_configure() -> None:
    """A background job of a script ignores Ctrl+C, and so would all that the tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def pa(tmp_path: Path) -> Pa:
    """`pa` with a project whose `add` is wrong and whose `double` is right."""
    return new_pa(tmp_path, CALC)
