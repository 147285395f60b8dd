from pathlib import Path

import pytest
from support.journals import Opened

from agentproxy.journal.memory import MemoryJournal
from agentproxy.journal.sqlite.journal import SqliteJournal


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    if request.param == "memory":
        return MemoryJournal
    return lambda: SqliteJournal(tmp_path / "home" / "journal.db")
