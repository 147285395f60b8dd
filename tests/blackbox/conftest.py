from collections.abc import Generator
from pathlib import Path

import pytest
from support.blackbox import Service
from support.chats import serving


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """A real server, known by its address alone, and the script of its model."""
    with serving(tmp_path_factory.mktemp("blackbox")) as served:
        yield Service(served.url, served.scripts)


@pytest.fixture
def remembering(tmp_path: Path) -> Generator[Service]:
    """Another one, which keeps notes of its conversations."""
    with serving(tmp_path, ENABLE_MEMORY="true", SESSION_GRACE="0") as served:
        yield Service(served.url, served.scripts)
