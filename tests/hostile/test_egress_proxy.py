"""The way out for granted hosts: what passes, and all that is refused at once."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import pytest

from agentproxy.net.request import Bounds
from agentproxy.workspace.sandbox.egress_allowlist import HostGrants
from agentproxy.workspace.sandbox.egress_proxy import EgressProxy

# Names of documentation only: no test may ask the machine's resolver.
ADDRESSES = {
    "public.example": ["127.0.0.9", "93.184.216.34"],
    "private.example": ["10.1.2.3"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "linklocal.example": ["169.254.7.7"],
    "metadata.example": ["169.254.169.254"],
    "azure.example": ["168.63.129.16"],
    "metadata6.example": ["fd00:ec2::254"],
    "carrier.example": ["100.100.100.200"],
    "multicast.example": ["224.0.0.1"],
    "unspecified.example": ["0.0.0.0"],
    "unspecified6.example": ["::"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "mapped-public.example": ["::ffff:93.184.216.34"],
    "nat64.example": ["64:ff9b::a00:1"],
    "sixtofour.example": ["2002:a00:1::"],
    "teredo.example": ["2001:0:a00:1::"],
    "scoped.example": ["fe80::1%1"],
    "broadcast.example": ["255.255.255.255"],
    "nowhere.example": [],
}


@dataclass
class Counting:
    """A resolver of our own that remembers what it was asked."""

    asked: list[str]

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in ADDRESSES:
            raise socket.gaierror(-2, "unknown")
        return ADDRESSES[host]


async def serve_inner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A web server that tells what it was sent, and echoes what is not HTTP."""
    first = await reader.read(65536)
    if first.startswith(b"PING"):
        while first:
            writer.write(first)
            await writer.drain()
            first = await reader.read(65536)
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + first)
        await writer.drain()
    writer.close()


@dataclass
class Standing:
    proxy: EgressProxy
    proxy_port: int
    server_port: int
    resolver: Counting

    async def say(self, request: bytes, *, then: Sequence[bytes] = (), seconds: float = 5) -> bytes:
        """Send a request, and after each answer the next; everything that came back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy_port)
        try:
            writer.write(request)
            async with asyncio.timeout(seconds):
                told = b""
                for each in then:
                    told += await reader.read(65536)
                    writer.write(each)
                if then:
                    told += await reader.readexactly(len(then[-1]))
                    writer.write_eof()
                with contextlib.suppress(ConnectionResetError):
                    told += await reader.read()
            return told
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def running(*grants: str) -> AsyncGenerator[Standing]:
    server = await asyncio.start_server(serve_inner, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    listener = socket.create_server(("127.0.0.1", 0))
    resolver = Counting([])
    proxy = EgressProxy(
        HostGrants([each.replace("PORT", str(port)) for each in grants]), resolve=resolver
    )
    async with server, asyncio.TaskGroup() as group:
        serving = group.create_task(proxy.serve(listener))
        yield Standing(proxy, int(listener.getsockname()[1]), port, resolver)
        serving.cancel()


def told(request: str, *grants: str) -> tuple[bytes, tuple[str, ...], list[str]]:
    """The answer to one request, what was noted as refused, and which names were looked up."""

    async def scenario() -> tuple[bytes, tuple[str, ...], list[str]]:
        async with running(*grants) as place:
            sent = request.replace("PORT", str(place.server_port)).encode("latin-1")
            return await place.say(sent), place.proxy.refused, place.resolver.asked

    return asyncio.run(scenario())


def get(url: str, *fields: str) -> str:
    return "\r\n".join([f"GET {url} HTTP/1.1", *fields, "", ""])


def test_a_granted_address_is_reached_by_http() -> None:
    fields = (
        "Host: evil.example",
        "Proxy-Authorization: x",
        "X-Mine: yes",
        "Connection: keep-alive",
    )
    answer, refused, _ = told(get("http://127.0.0.1:PORT/a/b?c=d", *fields), "127.0.0.1:PORT")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"GET /a/b?c=d HTTP/1.1\r\n" in answer
    assert b"X-Mine: yes" in answer
    assert refused == ()


def test_the_host_that_was_judged_is_the_host_that_is_named() -> None:
    answer, _, _ = told(get("http://127.0.0.1:PORT/", "Host: evil.example"), "127.0.0.1:PORT")
    assert re.search(rb"\r\nHost: 127\.0\.0\.1:\d+\r\n", answer)
    assert b"evil" not in answer


def test_a_granted_address_is_reached_by_connect_in_both_directions() -> None:
    async def scenario() -> bytes:
        async with running("127.0.0.1:PORT") as place:
            request = f"CONNECT 127.0.0.1:{place.server_port} HTTP/1.1\r\n\r\n".encode()
            return await place.say(request, then=[b"PING" + b"x" * 100_000])

    answer = asyncio.run(scenario())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b"PING" + b"x" * 100_000


@pytest.mark.parametrize(
    "request_line",
    [
        "CONNECT other.example:443",
        "CONNECT granted.example:80",
        "CONNECT granted.example",
        "CONNECT granted.example:",
        "CONNECT granted.example:0",
        "CONNECT granted.example:65536",
        "CONNECT granted.example:443:443",
        "CONNECT granted.example.:443",
        "CONNECT .granted.example:443",
        "CONNECT granted.example\0.evil.example:443",
        "CONNECT evil.example\0granted.example:443",
        "CONNECT evil.example:443\0granted.example:443",
        "CONNECT granted.example:443@evil.example:443",
        "CONNECT granted.example@evil.example:443",
        "CONNECT evil.example/granted.example:443",
        "CONNECT evil.example#granted.example:443",
        "CONNECT evilgranted.example:443",
        "CONNECT granted.example.evil.example:443",
        "CONNECT gr\u00e4nted.example:443",
        "CONNECT 127.0.0.1:443",
        "CONNECT 127.1:443",
        "CONNECT 2130706433:443",
        "CONNECT 0x7f000001:443",
        "CONNECT 0177.0.0.1:443",
        "CONNECT [::1]:443",
        "CONNECT [::ffff:127.0.0.1]:443",
        "CONNECT [64:ff9b::7f00:1]:443",
        "CONNECT [granted.example]:443",
        "CONNECT localhost:443",
        "CONNECT *.granted.example:443",
        f"CONNECT {'a' * 300}.granted.example:443",
        f"CONNECT {'a' * 64}.wild.example:443",
        f"CONNECT {'a.' * 2000}granted.example:443",
        f"CONNECT granted.example:{'4' * 5000}",
        "CONNECT wild.example:443",
        "CONNECT evilwild.example:443",
        "CONNECT a.wild.example:80",
        "CONNECT -a.wild.example:443",
        "GET http://granted.example:443@evil.example/",
        "GET http://evil.example\\@granted.example:443/",
        "GET http://user:pass@granted.example:443/",
        "GET http://granted.example/",
        "GET https://granted.example:443/",
        "GET ftp://granted.example:443/",
        "GET file:///etc/passwd",
        "GET /granted.example:443",
        "GET http:///",
        "GET http://",
        "GET  http://granted.example:443/",
        "GET http://granted.example:443/\nHost:evil",
        "OPTIONS *",
        "granted.example:443",
        "",
    ],
)
def test_whatever_was_not_granted_is_refused_at_once(request_line: str) -> None:
    grants = ("granted.example:443", "*.wild.example:443")
    answer, refused, asked = told(f"{request_line} HTTP/1.1\r\n\r\n", *grants)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden")
    assert len(refused) == 1
    assert refused[0].isprintable()
    assert len(refused[0]) < 300
    assert asked == []  # a name that is not granted is not even looked up


def string_matching_proxy(request_line: str) -> str | None:
    """The naive twin: grants by searching the text, and dials what a URL parser makes of it."""
    from urllib.parse import urlsplit

    target = request_line.split(" ")[1]
    if not re.search(r"granted\.example", target):
        return None
    url = target if "//" in target else f"//{target}"
    return urlsplit(url.replace("\0", "/")).hostname


@pytest.mark.parametrize(
    "request_line",
    [
        "CONNECT granted.example:443@evil.example:443",
        "CONNECT evil.example\0granted.example:443",
        "CONNECT evil.example#granted.example:443",
        "CONNECT granted.example.evil.example:443",
        "GET http://granted.example:443@evil.example/",
    ],
)
def test_a_proxy_that_matches_strings_would_have_dialled_elsewhere(request_line: str) -> None:
    dialled = string_matching_proxy(request_line)
    assert dialled is not None
    assert dialled != "granted.example"


@pytest.mark.parametrize("name", sorted(set(ADDRESSES) - {"public.example", "nowhere.example"}))
def test_a_granted_name_may_not_lead_to_an_address_that_is_not_public(name: str) -> None:
    answer, refused, asked = told(f"CONNECT {name}:443 HTTP/1.1\r\n\r\n", f"{name}:443")
    assert answer.startswith(b"HTTP/1.1 403")
    assert refused == (f"{name}:443 the host name resolves to an address that is not public",)
    assert asked == [name]


@pytest.mark.parametrize("path", ["private.example:443", "private.example:8443"])
def test_only_a_name_and_port_that_the_user_named_may_be_private(path: str) -> None:
    dialled: list[tuple[str, int]] = []

    async def dial(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        dialled.append((host, port))
        raise ConnectionRefusedError

    async def scenario() -> bytes:
        hosts = ["private.example:443", "private.example:8443", "*.example:9443"]
        private = ["private.example:443", "a.example:9443"]
        grants = HostGrants(hosts, private=private)
        proxy = EgressProxy(grants, resolve=Counting([]), dial=dial)
        return await answered(proxy, f"CONNECT {path} HTTP/1.1\r\n\r\n".encode())

    named = path.endswith(":443")
    assert asyncio.run(scenario()).startswith(b"HTTP/1.1 502" if named else b"HTTP/1.1 403")
    assert len(dialled) == int(named)


def test_a_name_that_does_not_resolve_is_refused() -> None:
    answer, refused, _ = told("CONNECT gone.example:443 HTTP/1.1\r\n\r\n", "gone.example:443")
    assert answer.startswith(b"HTTP/1.1 403")
    assert refused == ("gone.example:443 the host name does not resolve",)


def test_the_address_that_was_judged_is_the_one_that_is_dialled() -> None:
    dialled: list[tuple[str, int]] = []
    resolver = Counting([])

    async def dial(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        dialled.append((host, port))
        raise ConnectionRefusedError

    async def scenario() -> bytes:
        proxy = EgressProxy(HostGrants(["public.example:443"]), resolve=resolver, dial=dial)
        return await answered(proxy, b"CONNECT public.example:443 HTTP/1.1\r\n\r\n")

    assert asyncio.run(scenario()).startswith(b"HTTP/1.1 502")
    assert (dialled, resolver.asked) == ([("93.184.216.34", 443)], ["public.example"])


@pytest.mark.parametrize("part", [b"", b"CONNECT a.example:443 HTTP/1.1\r\nX: y"])
def test_a_request_that_does_not_come_is_answered_in_time(part: bytes) -> None:
    async def scenario() -> bytes:
        return await answered(
            EgressProxy(HostGrants([]), bounds=Bounds(head_seconds=0.1, idle_seconds=0.1)), part
        )

    assert asyncio.run(scenario()).startswith(b"HTTP/1.1 403")


async def answered(proxy: EgressProxy, request: bytes) -> bytes:
    listener = socket.create_server(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(proxy.serve(listener))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        serving.cancel()
    return answer


def test_wildcards_grant_what_is_beneath_by_whole_labels() -> None:
    for host in ("private.example", "loopback.example"):
        _, refused, asked = told(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n", "*.example:443")
        assert asked == [host]  # granted; its address is what is refused
        assert "not public" in refused[0]


@pytest.mark.parametrize("bad", ["example.com", "*:443", "*.*.com:443", "a b:1", "http://a:80", ""])
def test_a_grant_that_is_no_host_and_port_is_an_error(bad: str) -> None:
    with pytest.raises(ValueError, match="is invalid"):
        HostGrants([bad])


def test_a_request_that_is_too_long_is_refused() -> None:
    answer, refused, _ = told(get("http://a.example/", f"X: {'y' * 70000}"), "a.example:80")
    assert answer.startswith(b"HTTP/1.1 403")
    assert refused == ("? the request is too long",)


@pytest.mark.parametrize("field", ["Host : a", "a b: c", ": c", "nocolon", "X: a\nHost: b"])
def test_header_lines_that_two_readers_could_read_differently_are_refused(field: str) -> None:
    answer, _, _ = told(get("http://127.0.0.1:PORT/", field), "127.0.0.1:PORT")
    assert answer.startswith(b"HTTP/1.1 403")


def test_refusals_are_noted_once_and_not_without_bound() -> None:
    async def scenario() -> tuple[str, ...]:
        async with running() as place:
            for number in (*range(120), 1, 1):
                await place.say(f"CONNECT h{number}.example:443 HTTP/1.1\r\n\r\n".encode())
            return place.proxy.refused

    assert len(asyncio.run(scenario())) == 100


def test_more_connections_than_the_bound_are_refused_and_the_others_live() -> None:
    async def scenario() -> tuple[bytes, bytes]:
        async with running("127.0.0.1:PORT") as place:
            idle = [
                await asyncio.open_connection("127.0.0.1", place.proxy_port) for _ in range(256)
            ]
            await asyncio.sleep(0.05)
            request = f"CONNECT 127.0.0.1:{place.server_port} HTTP/1.1\r\n\r\n".encode()
            refused = await place.say(request)
            idle[0][1].write(request)
            answer = await asyncio.wait_for(idle[0][0].readline(), 5)
            for _, writer in idle:
                writer.close()
            return refused, answer

    refused, answer = asyncio.run(scenario())
    assert refused.startswith(b"HTTP/1.1 403")
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_client_that_goes_away_disturbs_nobody() -> None:
    async def scenario() -> bytes:
        async with running("127.0.0.1:PORT") as place:
            request = f"CONNECT 127.0.0.1:{place.server_port} HTTP/1.1\r\n\r\n".encode()
            for part in (b"", b"CONN", request, request + b"PING"):
                _, writer = await asyncio.open_connection("127.0.0.1", place.proxy_port)
                writer.write(part)
                await asyncio.sleep(0.02)
                writer.transport.abort()
            return await place.say(get(f"http://127.0.0.1:{place.server_port}/").encode())

    assert asyncio.run(scenario()).startswith(b"HTTP/1.1 200")
