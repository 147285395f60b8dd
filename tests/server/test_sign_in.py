"""Who has signed in with Google comes in, and nobody else."""

import http.client
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.chats import Served, serving
from support.google import ADA, CLIENT, Google, token
from support.raw_http import ask_raw, head
from websockets.exceptions import ConnectionClosed

from agentproxy.config.chat import load_chat_settings
from agentproxy.config.mistakes import BadSetting

FILLED = {"conversation_id": "0123456789ab", "session_id": "0123456789ab", "path": "x"}
OPEN = {"/health", "/api/auth/config", "/api/auth/me"}


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_without_a_client_id_nobody_has_to_sign_in(served: Served) -> None:
    config = {"enabled": False, "google_client_id": None}
    assert served.request("GET", "/api/auth/config") == (200, config)
    assert served.request("GET", "/api/auth/me") == (200, {"authenticated": False})
    assert served.request("GET", "/api/auth/me", **bearer(token()))[1] == {"authenticated": False}


def test_a_page_learns_how_to_sign_in_and_who_has(signed: Served) -> None:
    config = {"enabled": True, "google_client_id": CLIENT}
    assert signed.request("GET", "/api/auth/config") == (200, config)
    assert signed.request("GET", "/api/auth/me") == (200, {"authenticated": False})
    status, me = signed.request("GET", "/api/auth/me", **bearer(token()))
    assert (status, me) == (200, {"authenticated": True, "email": ADA, "name": "Ada Lovelace"})
    assert signed.request("GET", "/api/auth/me", **bearer("x"))[1] == {"authenticated": False}


def test_every_route_but_the_open_ones_asks_for_a_sign_in(signed: Served) -> None:
    right = bearer(token())
    _, described = signed.request("GET", "/openapi.json", **right)
    asked = [
        (method.upper(), path.format(**FILLED))
        for path, methods in described["paths"].items()
        for method in methods
        if path not in OPEN
    ]
    assert len(asked) > 20
    elsewhere = [
        *(("GET", path) for path in ("/openapi.json", "/docs", "/nowhere", "/health/")),
        ("GET", "/api/auth/me/"), ("PUT", "/task"), ("OPTIONS", "/api/chat"),
    ]  # fmt: skip
    for method, path in asked + elsewhere:
        answer = signed.request(method, path, None if method in ("GET", "DELETE") else {})
        assert answer == (401, {"detail": "Not authenticated"}), (method, path)
    for method, path in asked:
        body = None if method in ("GET", "DELETE") else {"unknown": 1}
        assert signed.request(method, path, body, **right)[0] not in (401, 403), (method, path)


def test_the_document_says_how_to_sign_in(signed: Served, tmp_path: Path, there: Google) -> None:
    _, alone = signed.request("GET", "/openapi.json", **bearer(token()))
    with serving(tmp_path, API_KEY="the key", **there.settings) as server:
        _, both = server.request("GET", "/openapi.json")
    for document, names in (
        (alone, ["GoogleIdToken"]),
        (both, ["ApiKey", "Bearer", "GoogleIdToken"]),
    ):
        assert document["security"] == [{name: []} for name in names]
        assert document["components"]["securitySchemes"]["GoogleIdToken"]["bearerFormat"] == "JWT"
        for path, methods in document["paths"].items():
            for operation in methods.values():
                assert operation.get("security") == ([] if path in OPEN else None)
                assert path in OPEN or "503" in operation["responses"]


def test_a_refusal_says_to_send_a_token_and_a_page_can_read_it(signed: Served) -> None:
    page = {"Origin": "http://localhost:3501"}
    asked = urllib.request.Request(f"{signed.url}/api/chat", b"{}", page, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(asked):
        pass
    with refused.value as answer:
        assert (answer.code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.headers.get_all("access-control-allow-origin") == ["http://localhost:3501"]
        assert answer.headers.get_all("x-content-type-options") == ["nosniff"]
        assert answer.headers.get_all("cache-control") == ["no-store"]


def test_a_preflight_needs_no_token_and_a_foreign_page_gets_nowhere_with_one(
    signed: Served,
) -> None:
    ahead = {"Origin": "http://localhost:3501", "Access_Control_Request_Method": "POST"}
    assert signed.request("OPTIONS", "/api/chat", **ahead) == (204, None)
    evil = {"Origin": "http://evil.example"}
    assert signed.request("GET", "/api/tools", **bearer(token()), **evil)[0] == 403
    assert signed.request("GET", "/api/auth/me", **bearer(token()), **evil)[0] == 403


def test_who_is_not_let_in_can_read_why_while_more_is_sent(signed: Served) -> None:
    for size in (3 << 20, 90 << 20):
        place = urlsplit(signed.url)
        with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as wire:
            long = f"Content-Length: {size}"
            wire.sendall(head(signed, "POST /api/workspace/upload HTTP/1.1", long))
            wire.sendall(b"x" * (3 << 20))
            answer = http.client.HTTPResponse(wire)
            answer.begin()
            assert (answer.status, answer.read()) == (401, b'{"detail": "Not authenticated"}')


def test_more_than_is_read_gets_one_answer(signed: Served) -> None:
    asked = head(signed, "POST /task HTTP/1.1", "Transfer-Encoding: chunked")
    assert ask_raw(signed, asked, b"200000\r\n" + b"x" * 0x200000 + b"\r\n") == [401]
    assert "Traceback" not in signed.log.read_text()


def test_the_key_is_enough_beside_a_sign_in(tmp_path: Path, there: Google) -> None:
    with serving(tmp_path, API_KEY="the key", **there.settings) as server:
        assert server.request("GET", "/api/tools")[0] == 200
        assert server.request("GET", "/api/tools", X_API_Key="", **bearer("the key"))[0] == 200
        assert server.request("GET", "/api/auth/me") == (200, {"authenticated": False})
        conversation = server.new()
        server.key = ""
        assert server.request("GET", "/api/tools")[0] == 401
        assert server.request("GET", "/api/tools", X_API_Key="the kez")[0] == 401
        assert (
            server.request("GET", f"/api/conversations/{conversation}", **bearer(token()))[0] == 200
        )
        _, health = server.request("GET", "/health")
        assert (health["config"]["key_required"], health["config"]["sign_in"]) == (True, True)


def test_nobody_is_let_in_where_nobody_is_named(tmp_path: Path, there: Google) -> None:
    with serving(tmp_path, **(there.settings | {"SIGN_IN_ALLOWED": ""})) as server:
        assert "SIGN_IN_ALLOWED" in server.log.read_text()
        status, answer = server.request("GET", "/api/tools", **bearer(token()))
        assert (status, "SIGN_IN_ALLOWED" in answer["detail"]) == (403, True)
        assert server.request("GET", "/api/tools") == (401, {"detail": "Not authenticated"})
        config = {"enabled": True, "google_client_id": CLIENT}
        assert server.request("GET", "/api/auth/config") == (200, config)


def test_with_a_sign_in_the_server_may_be_reached_from_elsewhere(
    tmp_path: Path, there: Google
) -> None:
    with serving(tmp_path, "--host", "0.0.0.0", "--allow-host", "here", **there.settings) as server:
        assert server.request("GET", "/api/tools", Host="here")[0] == 401
        assert server.request("GET", "/api/tools", Host="here", **bearer(token()))[0] == 200


def test_no_token_is_in_the_log(tmp_path: Path, there: Google) -> None:
    with serving(tmp_path, **there.settings) as server:
        for sent in (token(), token(exp=1), token(kid="none")):
            server.request("GET", "/api/tools", **bearer(sent))
            with suppress(ConnectionClosed), server.talk("0123456789ab", f"?token={sent}") as talk:
                talk.receive()
                talk.receive()
        for part in ("eyJ", "Bearer", "token="):
            assert part not in server.log.read_text()


WRONG = [
    ("SIGN_IN_ALLOWED", "ada", "neither an address nor an @domain"),
    ("SIGN_IN_ALLOWED", "@example", "neither an address nor an @domain"),
    ("SIGN_IN_ALLOWED", "ada@example.com, *", "neither an address nor an @domain"),
    ("SIGN_IN_ALLOWED", "ada@ex\u00e4mple.com", "neither an address nor an @domain"),
    ("SIGN_IN_ALLOWED", "@Gmail.com", "would let anybody in"),
    ("GOOGLE_CLIENT_ID", "two words", "no client id"),
    ("GOOGLE_CERTS_URL", "http://keys.example/certs", "not an https address"),
    ("GOOGLE_CERTS_URL", "https://", "not an https address"),
    ("GOOGLE_CERTS_URL", "file:///etc/passwd", "not an https address"),
    ("GOOGLE_CERTS_URL", "http://127.0.0.1.evil.example/", "not an https address"),
    ("GOOGLE_CERTS_URL", "https://[x/", "no address"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, words: str) -> None:
    given = {"GOOGLE_CLIENT_ID": CLIENT, "SIGN_IN_ALLOWED": ADA, name: value}
    with pytest.raises(BadSetting, match=words) as refused:
        load_chat_settings(given, origins=dict.fromkeys(given, "the environment"))
    assert refused.value.variable == name
    assert refused.value.cure


def does_not_start(folder: Path, **variables: str) -> str:
    """What it says instead."""
    ran = subprocess.run(
        [sys.executable, "-m", "agentproxy", "serve", "--port", "0"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 2, ran.stdout
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_who_may_sign_in_without_a_sign_in_is_refused(tmp_path: Path) -> None:
    assert "set GOOGLE_CLIENT_ID too" in does_not_start(tmp_path, SIGN_IN_ALLOWED=ADA)


@pytest.mark.parametrize("name", ["GOOGLE_CLIENT_ID", "OPENAGENT_GOOGLE_CLIENT_ID"])
def test_a_sign_in_that_does_not_count_opens_no_door(tmp_path: Path, name: str) -> None:
    (tmp_path / ".env").write_text(f"{name}={CLIENT}\nSIGN_IN_ALLOWED={ADA}\n")
    said = does_not_start(tmp_path)
    assert f"{name} of .env does not count, so nobody would have to sign in" in said
    assert "pa trust" in said


def test_without_a_sign_in_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys, agentproxy.server.serve;"
        "print([name for name in sys.modules if 'sign_in.google' in name or name == 'jwt'])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
