"""A Google of our own: keys at an address of this machine, and tokens that they sign."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from support.servers import answering

CLIENT = "123-abc.apps.googleusercontent.com"
ADA, ALLOWED = "ada@example.com", "ada@example.com, @corp.example"


@cache
def private_key(number: int = 0, *, bits: int = 2048) -> RSAPrivateKey:
    """The same key for the same number."""
    del number
    return generate_private_key(public_exponent=65537, key_size=bits)


def published(name: str, key: RSAPrivateKey) -> dict[str, Any]:
    """A public key as Google publishes it."""
    numbers = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**numbers, "kid": name, "alg": "RS256", "use": "sig"}


@dataclass
class Google:
    """`url` answers with `keys`, or with what `answer` has instead."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    cache_control: str = "public, max-age=3600, must-revalidate"
    status: int = 200
    body: bytes | None = None
    delay: float = 0.0
    asked: int = 0

    @property
    def settings(self) -> dict[str, str]:
        return {
            "GOOGLE_CLIENT_ID": CLIENT,
            "SIGN_IN_ALLOWED": ALLOWED,
            "GOOGLE_CERTS_URL": self.url,
        }


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        google = cast("Google", self.server.google)  # type: ignore[attr-defined]
        google.asked += 1
        time.sleep(google.delay)
        body = json.dumps({"keys": google.keys}).encode() if google.body is None else google.body
        self.send_response(google.status)
        self.send_header("Cache-Control", google.cache_control)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Silence."""


@contextmanager
def google() -> Generator[Google]:
    """Has the key `one`, which signs unless a token says otherwise."""
    there = Google(keys=[published("one", private_key())])
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    http.daemon_threads = True
    http.google = there  # type: ignore[attr-defined]
    with answering(http) as port:
        there.url = f"http://127.0.0.1:{port}/certs"
        yield there


def claims(**changed: Any) -> dict[str, Any]:
    """Those of Ada's token. A claim that is None is left out."""
    now = int(time.time())
    usual = {
        "iss": "https://accounts.google.com",
        "aud": CLIENT,
        "sub": "110169484474386276334",
        "email": ADA,
        "email_verified": True,
        "name": "Ada Lovelace",
        "iat": now,
        "exp": now + 3600,
    }
    return {name: each for name, each in (usual | changed).items() if each is not None}


def token(*, signer: RSAPrivateKey | None = None, kid: str | None = "one", **changed: Any) -> str:
    headers = {"kid": kid} if kid is not None else None
    return jwt.encode(claims(**changed), signer or private_key(), "RS256", headers=headers)
