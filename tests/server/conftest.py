from collections.abc import Generator

import pytest
from support.chat_clients import ChatProgram, embedded_program, server_program
from support.chats import Served, serving
from support.google import Google, google


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """One server for all tests of a worker. Each test has conversations of its own."""
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture(scope="session")
def embedded_chat(tmp_path_factory: pytest.TempPathFactory) -> Generator[ChatProgram]:
    """`pa chat` with the engine in its own process."""
    with embedded_program(tmp_path_factory.mktemp("embedded")) as program:
        yield program


@pytest.fixture(params=["embedded", "server"])
def chat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ChatProgram:
    """`pa chat` in each of its two ways."""
    if request.param == "embedded":
        program: ChatProgram = request.getfixturevalue("embedded_chat")
        return program
    return server_program(request.getfixturevalue("served"), tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="module")
def there() -> Generator[Google]:
    """The keys of Google, on this machine."""
    with google() as keys:
        yield keys


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, there: Google) -> Generator[Served]:
    """A server at which people sign in. The tests of a module share it."""
    with serving(tmp_path_factory.mktemp("signed"), **there.settings) as server:
        yield server
