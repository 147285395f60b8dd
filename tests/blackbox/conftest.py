from collections.abc import Generator

import pytest
from support.blackbox import Service
from support.chats import serving


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """A real server, known by its address alone, and the script of its model."""
    with serving(tmp_path_factory.mktemp("blackbox")) as served:
        yield Service(served.url, served.scripts)
