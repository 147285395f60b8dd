"""Who may come in: hosts, pages, keys, and the size of what is sent."""

import http.client
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.chats import Served, full_disk, serving
from websockets.exceptions import InvalidStatus

PATHS = ("/api/chat", "/api/conversations", "/openapi.json")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with serving(tmp_path_factory.mktemp("locked"), API_KEY="the key") as server:
        yield server


def raw(served: Served, head: str, body: bytes = b"") -> tuple[int, bytes]:
    """The status and the body of an answer to bytes as they are written here."""
    place = urlsplit(served.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        answer = http.client.HTTPResponse(wire)
        answer.begin()
        return answer.status, answer.read()


def test_a_foreign_host_is_refused_although_it_leads_here(served: Served) -> None:
    assert raw(served, "GET /health HTTP/1.1\nHost: evil.example\n")[0] == 421
    port = urlsplit(served.url).port
    assert raw(served, f"GET /health HTTP/1.1\nHost: LOCALHOST:{port}\n")[0] == 200
    two = f"GET /health HTTP/1.1\nHost: localhost:{port}\nHost: evil.example\n"
    assert raw(served, two)[0] == 400


def test_a_page_of_another_origin_reaches_neither_a_route_nor_a_socket(served: Served) -> None:
    evil = {"Origin": "http://evil.example"}
    assert served.request("POST", "/api/chat", {}, **evil)[0] == 403
    assert served.request("GET", "/api/conversations", Sec_Fetch_Site="cross-site")[0] == 403
    with pytest.raises(InvalidStatus) as refused, served.talk(served.new(), **evil):
        pass
    assert refused.value.response.status_code == 403
    for origin in ("http://localhost:3500", served.url):
        assert served.request("GET", "/api/conversations", Origin=origin)[0] == 200


def test_a_page_that_may_come_is_told_so_by_name_and_never_by_a_star(served: Served) -> None:
    port = urlsplit(served.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    page = {"Origin": "http://localhost:3501", "Access-Control-Request-Method": "POST"}
    connection.request("OPTIONS", "/api/chat", headers=page)
    answer = connection.getresponse()
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3501"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    connection.close()


def test_a_page_that_may_come_reads_the_headers_that_mean_something(served: Served) -> None:
    served.new()
    served.new()
    asked = urllib.request.Request(
        f"{served.url}/api/conversations?limit=1", headers={"Origin": "http://localhost:3501"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        shown = answer.headers["access-control-expose-headers"].lower().split(", ")
        assert answer.headers["x-incomplete"] == "true"
    assert {"x-incomplete", "content-disposition"} <= set(shown)


def test_a_page_that_may_come_can_read_why_it_is_refused(locked: Served) -> None:
    for origin, shown in (("http://localhost:3501", True), ("http://evil.example", False)):
        asked = urllib.request.Request(f"{locked.url}/api/tools", headers={"Origin": origin})
        with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(asked):
            pass
        with refused.value as answer:
            assert answer.code == (401 if shown else 403)
            assert answer.headers["access-control-allow-origin"] == (origin if shown else None)


def test_the_document_says_which_routes_ask_for_a_key(served: Served, locked: Served) -> None:
    for server, asks in ((served, False), (locked, True)):
        status, document = server.request("GET", "/openapi.json")
        schemes = document["components"]["securitySchemes"]
        assert status == 200
        assert schemes["ApiKey"] == {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        assert document.get("security", []) == [{name: []} for name in schemes] * asks
        for path, methods in document["paths"].items():
            for operation in methods.values():
                assert operation.get("security") == ([] if asks and path == "/health" else None)


def test_with_a_key_every_route_but_health_asks_for_it(locked: Served) -> None:
    right = locked.key
    locked.key = ""
    assert locked.request("GET", "/health")[0] == 200
    for path in PATHS:
        status, answer = locked.request("GET", path)
        assert status == 401
        assert "X-API-Key" in answer["detail"]
        for wrong in ("the ke", "the key!", "THE KEY"):
            assert locked.request("GET", path, X_API_Key=wrong)[0] == 401
    assert locked.request("GET", "/api/conversations", Authorization="Bearer the key")[0] == 200
    locked.key = right
    assert locked.request("GET", "/api/conversations")[0] == 200


def test_a_socket_needs_the_key_too_and_takes_it_in_its_address(locked: Served) -> None:
    conversation = locked.new()
    with pytest.raises(InvalidStatus) as refused, locked.talk(conversation):
        pass
    assert refused.value.response.status_code == 403
    with locked.talk(conversation, "?token=the%20key") as talk:
        talk.send("cancel")
        assert talk.receive()["type"] == "error"
    with locked.talk(conversation, X_API_Key="the key") as talk:
        talk.send("cancel")
        assert talk.receive()["type"] == "error"


def test_a_key_need_not_be_ascii(tmp_path: Path) -> None:
    with serving(tmp_path, API_KEY="schlüssel") as server:
        port = urlsplit(server.url).port
        for key, status in (("schlüssel", 200), ("schlussel", 401)):
            head = f"GET /sessions HTTP/1.1\nHost: localhost:{port}\nX-API-Key: {key}\n"
            assert raw(server, head)[0] == status
        server.key = ""
        with pytest.raises(InvalidStatus), server.talk("0123456789ab", "?token=schl"):
            pass
        with server.talk("0123456789ab", "?token=schl%C3%BCssel") as talk:
            assert talk.receive()["message"] == "Conversation not found"


def test_a_socket_with_too_many_fields_is_refused(locked: Served) -> None:
    query = "?" + "&".join(f"x{n}=1" for n in range(50)) + "&token=the%20key"
    with pytest.raises(InvalidStatus) as refused, locked.talk(locked.new(), query):
        pass
    assert refused.value.response.status_code == 403


def test_a_body_that_is_too_large_is_refused_before_it_is_read(served: Served) -> None:
    port = urlsplit(served.url).port
    head = f"POST /api/chat HTTP/1.1\nHost: localhost:{port}\nContent-Type: application/json\n"
    assert raw(served, head + "Content-Length: 99999999999\n")[0] == 413
    piece = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20))
    assert raw(served, head + "Transfer-Encoding: chunked\n", piece + piece)[0] == 413


@pytest.mark.parametrize("size", [(1 << 20) + 1, 7 << 20])
def test_who_sends_too_much_can_read_why(served: Served, size: int) -> None:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=10)
    connection.request("POST", "/api/chat", b" " * size, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"more than 1048576 bytes" in answer.read()
    connection.close()


def test_another_method_is_told_all_that_there_are(served: Served) -> None:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=10)
    for path, methods in (
        ("/api/skills", "GET, POST"),
        ("/api/conversations/0123456789ab", "DELETE, GET"),
    ):
        connection.request("PUT", path)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.headers["Allow"]) == (405, methods)
    connection.close()


def test_a_journal_that_cannot_be_written_is_no_failure_of_ours(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        conversation = server.new()
        with full_disk(server):
            status, answer = server.request("POST", "/api/chat", {})
            assert (status, answer["cure"]) == (503, "look at GET /health")
            assert server.request("GET", f"/api/conversations/{conversation}")[0] == 200


def test_no_answer_is_a_failure_of_ours_whatever_the_body(served: Served) -> None:
    bodies = (b"", b"{", b"[]", b"1e999", b"null", b"[" * 100_000, b"9" * 5000, b'{"preset":NaN}')
    port = urlsplit(served.url).port
    for body in bodies:
        head = (
            f"POST /api/chat HTTP/1.1\nHost: localhost:{port}\nContent-Type: application/json\n"
            f"Content-Length: {len(body)}\n"
        )
        status, answer = raw(served, head, body)
        assert status in (200, 422, 400), (body[:20], status)
        assert json.loads(answer)


def test_another_address_without_a_key_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "agentproxy", "serve", "--host", "0.0.0.0", "--port", "0"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 2
    assert "there is no API_KEY" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("body", [b"", b"task=x", b"{", b"[]", b"7"])
def test_a_body_that_is_no_object_is_refused_with_what_to_send(served: Served, body: bytes) -> None:
    asked = urllib.request.Request(f"{served.url}/task", body, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=30)
    answer = json.loads(refused.value.read())
    assert (refused.value.code, answer["field"]) == (422, "")
    assert "Content-Type: application/json" in answer["cure"]


def test_who_comes_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    with serving(tmp_path, API_KEY="the key") as server:
        refused = None
        for number in range(80):
            asked = urllib.request.Request(
                f"{server.url}/sessions",
                headers={"X-API-Key": f"guess {number}", "Origin": "http://localhost:3501"},
            )
            with pytest.raises(urllib.error.HTTPError) as told, urllib.request.urlopen(asked):
                pass
            refused = told.value
            refused.close()
        assert refused is not None
        assert refused.code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert "retry-after" in refused.headers["access-control-expose-headers"].lower()


def test_a_server_that_is_ended_as_soon_as_it_serves_ends_cleanly(tmp_path: Path) -> None:
    for _ in range(3):
        with serving(tmp_path):
            pass  # the context ends it, and looks at its exit code
