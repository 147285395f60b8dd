"""Which ID tokens count, and which do not: each is shown to a real server."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.warnings import InsecureKeyLengthWarning
from support.chats import Served, serving, wait_until
from support.google import ADA, Google, claims, google, private_key, published, token

EVE = 7  # the number of a key that Google has not published
KELVIN = "\u212a"  # looks like a K, and is one in lower case


@pytest.fixture(scope="module")
def there() -> Generator[Google]:
    with google() as keys:
        keys.keys.append(published("weak", private_key(2, bits=1024)))
        keys.keys.append(published("encrypts", private_key()) | {"use": "enc"})
        yield keys


def shown(server: Served, text: str) -> tuple[int, str]:
    status, answer = server.request("GET", "/api/tools", Authorization=f"Bearer {text}")
    return status, "" if status == 200 else str(answer["detail"])


def packed(part: object) -> bytes:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def by_public_key() -> str:
    """HS256, where the secret is the public key: who mixes up the two kinds of keys takes it."""
    secret = (
        private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    said = packed({"alg": "HS256", "kid": "one", "typ": "JWT"}) + b"." + packed(claims())
    return (said + b"." + packed(hmac.digest(secret, said, hashlib.sha256))).decode()


def unsigned(algorithm: str = "none") -> str:
    said = packed({"alg": algorithm, "kid": "one"}) + b"." + packed(claims())
    return said.decode() + "."


def changed() -> str:
    head, _, signature = token().split(".")
    return ".".join((head, packed(claims(email="eve@example.com")).decode(), signature))


def by_itself() -> str:
    """The token brings the key that it is signed with."""
    own = published("one", private_key(EVE))
    return jwt.encode(claims(), private_key(EVE), "RS256", headers={"kid": "one", "jwk": own})


def by_short_key() -> str:
    with pytest.warns(InsecureKeyLengthWarning):
        return token(signer=private_key(2, bits=1024), kid="weak")


def now() -> int:
    return int(time.time())


NOT_SIGNED: dict[str, Callable[[], str]] = {
    "has ended": lambda: token(exp=now() - 60),
    "ends at no time": lambda: token(exp=None),
    "ends at a word": lambda: token(exp="never"),
    "begins later": lambda: token(iat=now() + 600),
    "begins at no time": lambda: token(iat=None),
    "is for another page": lambda: token(aud="456-def.apps.googleusercontent.com"),
    "is for nobody": lambda: token(aud=None),
    "is for several": lambda: token(aud=["123-abc.apps.googleusercontent.com", "evil"]),
    "is of another issuer": lambda: token(iss="https://accounts.google.com.evil.example"),
    "is of no issuer": lambda: token(iss=None),
    "is of nobody": lambda: token(sub=None),
    "is not signed": unsigned,
    "is said to be signed": lambda: unsigned("RS256"),
    "is signed with the public key": by_public_key,
    "is signed in another way": lambda: jwt.encode(
        claims(), private_key(), "RS512", headers={"kid": "one"}
    ),
    "is signed by somebody else": lambda: token(signer=private_key(EVE)),
    "brings its own key": by_itself,
    "is signed with an unknown key": lambda: token(signer=private_key(EVE), kid="eve"),
    "names no key": lambda: token(kid=None),
    "is signed with a short key": by_short_key,
    "is signed with a key for other things": lambda: token(kid="encrypts"),
    "was changed": changed,
    "is cut off": lambda: token()[:-4],
    "is no token": lambda: "eyJ.eyJ.x",
    "has two parts": lambda: token().rpartition(".")[0],
    "has four parts": lambda: token() + ".x",
    "is not ASCII": lambda: "schl\u00fcssel.a.b",
    "has claims that are a list": lambda: jwt.api_jws.encode(
        b"[]", private_key(), "RS256", headers={"kid": "one"}
    ),
    "is deep": lambda: f"{packed(b'[' * 4000).decode()}.e30.e30",
    "is huge": lambda: token(filler="x" * 9000),
}


@pytest.mark.parametrize("what", NOT_SIGNED)
def test_a_token_does_not_count_that(signed: Served, what: str) -> None:
    assert shown(signed, NOT_SIGNED[what]()) == (401, "Not authenticated")
    assert shown(signed, token())[0] == 200


NOT_ALLOWED: dict[str, tuple[dict[str, Any], str]] = {
    "nobody has verified": ({"email_verified": False}, "has not verified"),
    "is said to be verified": ({"email_verified": "true"}, "has not verified"),
    "is not there": ({"email": None}, "names no email address"),
    "is no text": ({"email": [ADA]}, "names no email address"),
    "is another": ({"email": "bob@example.com"}, "SIGN_IN_ALLOWED"),
    "only ends like it": ({"email": "notada@example.com"}, "SIGN_IN_ALLOWED"),
    "only begins like it": ({"email": "ada@example.com.evil.example"}, "SIGN_IN_ALLOWED"),
    "looks like it": ({"email": f"ada@example.com{KELVIN}"}, "names no email address"),
    "is of the domain elsewhere": ({"email": "bob@corp.example"}, "SIGN_IN_ALLOWED"),
    "is below the domain": (
        {"email": "bob@x.corp.example", "hd": "corp.example"}, "SIGN_IN_ALLOWED",
    ),
    "has the domain as its first part": (
        {"email": "bob@corp.example.evil.example", "hd": "evil.example"}, "SIGN_IN_ALLOWED",
    ),
    "is of two domains": (
        {"email": "bob@evil.example@corp.example", "hd": "corp.example"}, "names no email address",
    ),
    "has another domain than the account": (
        {"email": "bob@evil.example", "hd": "corp.example"}, "SIGN_IN_ALLOWED",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_ALLOWED)
def test_an_account_is_not_let_in_whose_address(signed: Served, what: str) -> None:
    claimed, words = NOT_ALLOWED[what]
    status, detail = shown(signed, token(**claimed))
    assert (status, words in detail) == (403, True), detail
    headers = {"Authorization": f"Bearer {token(**claimed)}"}
    me = {"authenticated": False, "detail": detail}
    assert signed.request("GET", "/api/auth/me", **headers) == (200, me)


LET_IN: dict[str, dict[str, Any]] = {
    "an address of the list": {},
    "in capitals": {"email": "Ada@Example.COM"},
    "without a name": {"name": None},
    "an account of the domain": {"email": "bob@corp.example", "hd": "corp.example"},
    "a second domain of its owner": {"email": "bob@corp.example", "hd": "main.example"},
    "the other name of the issuer": {"iss": "accounts.google.com"},
    "a clock that is five seconds late": {"iat": 5},
    "a clock that is five seconds early": {"exp": -5},
}


@pytest.mark.parametrize("what", LET_IN)
def test_somebody_is_let_in_with(signed: Served, what: str) -> None:
    times: dict[str, Any] = {
        name: now() + each for name, each in LET_IN[what].items() if isinstance(each, int)
    }
    right = token(**(LET_IN[what] | times))
    for sent in ({"Authorization": f"bearer  {right}"}, {"X_API_Key": right}):
        assert signed.request("GET", "/api/tools", **sent)[0] == 200
    me = signed.request("GET", "/api/auth/me", X_API_Key=right)[1]
    assert (me["authenticated"], me["email"]) == (True, LET_IN[what].get("email", ADA))


def test_who_guesses_tokens_is_refused_before_the_right_one(tmp_path: Path) -> None:
    with google() as there, serving(tmp_path, **there.settings) as server:
        own = {"Authorization": f"Bearer {token()}"}
        statuses = [shown(server, token(signer=private_key(EVE)))[0] for _ in range(80)]
        assert statuses[:60] == [401] * 60
        assert 429 in statuses
        assert server.request("GET", "/api/auth/me", **own)[0] == 429
        assert server.request("GET", "/health")[0] == 200
        wait_until(lambda: server.request("GET", "/api/tools", **own)[0] == 200)
