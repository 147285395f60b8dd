from collections.abc import Generator

import pytest
from support.chats import Served, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """One server for all tests of a worker. Each test has conversations of its own."""
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server
