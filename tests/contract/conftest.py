import ssl
from pathlib import Path

import pytest
from support.journals import Opened
from support.places import Place, certificate

from agentproxy.journal.memory import MemoryJournal
from agentproxy.journal.sqlite.journal import SqliteJournal


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    if request.param == "memory":
        return MemoryJournal
    return lambda: SqliteJournal(tmp_path / "home" / "journal.db")


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate of 127.0.0.1."""
    file = tmp_path_factory.mktemp("keys") / "both.pem"
    file.write_bytes(certificate())
    return file


@pytest.fixture(params=["plain", "tls"])
def place(request: pytest.FixtureRequest, certified: Path) -> Place:
    """A way to a server: each test goes both."""
    outside = ssl.create_default_context(cafile=str(certified))
    if request.param == "plain":
        return Place(None, outside)
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(certified)
    return Place(inside, outside)
