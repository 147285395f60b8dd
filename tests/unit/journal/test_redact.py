"""What goes before anything is stored, and what must stay."""

import base64
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentproxy.journal.redact import MARK, Redactor
from agentproxy.text.sensitive import BY_HINT, SHAPES

BODY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6lM9oR2uX5zA8"
HEX = "3f1a" * 16
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    + "MIIEpAIBAAKCAQEA75kHk1GgJx0bqWcYv9n3rK8fHs2uT5e/4mLZ+oPQXaB1cDdE\n" * 5
    + "-----END RSA PRIVATE KEY-----"
)
TOKENS = [
    f"sk-ant-api03-{BODY}-{BODY}AA",
    f"sk-proj-{BODY}_{BODY}",
    f"sk-{BODY}",
    f"sk-or-v1-{HEX}",
    f"ghp_{BODY[:36]}",
    f"ghs_{BODY[:36]}",
    f"github_pat_{BODY[:22]}_{BODY}",
    "AKIAIOSFODNN7EXAMPLE",
    f"AIza{BODY[:35]}",
    f"xoxb-123456789012-1234567890123-{BODY[:24]}",
    f"glpat-{BODY[:20]}",
    f"npm_{BODY[:36]}",
    f"pypi-AgEIcHlwaS5vcmc{BODY}",
    f"hf_{BODY[:34]}",
    f"e2b_{HEX[:40]}",
    f"gsk_{BODY}",
    f"ya29.{BODY}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{BODY[:43]}",
    PEM,
    PEM.replace("RSA ", "OPENSSH "),
]
ASSIGNMENTS = [
    ("password: hunter2", "hunter2"),
    ("if password == 'hunter2':", "hunter2"),
    (f"sk_live_{BODY[:24]}", BODY[:24]),
    ("DB_PASSWORD=correct1horse", "correct1horse"),
    ("export API_KEY='abc123def456'", "abc123def456"),
    ('{"client_secret": "s3cr3t-value"}', "s3cr3t-value"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MD"),
    ("Authorization: Bearer abcdef0123456789abcdef", "abcdef0123456789abcdef"),
    ("authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
    ("postgres://admin:pa55!word@db.example.org:5432/app", "pa55!word"),
    ("redis://:swordfish@localhost", "swordfish"),
    ("https://hooks.slack.com/services/T000/B000/XXXXabcdefghijkl", "XXXXabcdefghijkl"),
    ("bot 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", "AAHdqTcvCH1vGWJxf"),
    ("accessToken: 'Zx9-qwe_rty'", "Zx9-qwe_rty"),
]
HONEST = [
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6==",
    "123e4567-e89b-12d3-a456-426614174000",
    "/home/user/projects/agentproxy/src/agentproxy/text/sensitive.py:109:1",
    "tests/unit/test_auth.py::test_the_token_is_refused_when_the_password_is_wrong[key-1] PASSED",
    "tests/test_tokens.py::TestSecret::test_password_reset_token_expires_after_24_hours",
    "https://user@example.org/a:b@c",
    "git@github.com:owner/name.git",
    "http://localhost:8080/a@b",
    "def login(password: str, token: str | None = None) -> Session:",
    "token = tokens[0]; secret = os.environ['SECRET_1']; key = keys[1]",
    "token = get_token(1); password=getpass2(); api_key = load_key_v2(path)",
    "max_tokens=4096, token_count: 12345, token: 17, primary_key=order_17, cache_key: a1b2c3d4",
    "api_key: ${API_KEY_1}, password: $PASSWORD_2, token: <your-token-1>",
    "task-7f9c8b6d5fabcdef0123456789abcdef0123 disk-image sk-toggleable__label-arrow",
    "the bearer of this letter; Bearer authentication is required here",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYD\n",
    "1.2.3.4:8080 12:34:56 2026-01-01T00:00:00Z 0x7f3a2b1c 1e-16",
    "password must be set; secret sauce; token expired",
]


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:14].strip("-"))
@pytest.mark.parametrize(
    "around",
    ["{}", "a {} b", "x={}\n", "\n{}\n", "\x1b[32m{}\x1b[0m", "\t{}", '"{}"', "({})", "\x1b{}"],
)
def test_a_token_of_a_known_shape_goes_wherever_it_stands(token: str, around: str) -> None:
    redact = Redactor()
    text = around.format(token)
    assert redact(text) == around.format(MARK)
    for level in (json.dumps({"t": text}), json.dumps({"t": json.dumps({"u": text})})):
        clean = redact(level)
        assert token.splitlines()[-1] not in clean
        assert BODY[:16] not in clean
        assert "MIIEpA" not in clean
        assert json.loads(clean).keys() == {"t"}
    assert json.loads(redact(json.dumps({"t": text}))) == {"t": around.format(MARK)}


@pytest.mark.parametrize(("text", "secret"), ASSIGNMENTS)
def test_what_is_called_a_secret_and_looks_like_one_goes(text: str, secret: str) -> None:
    redact = Redactor()
    assert secret not in redact(text)
    assert MARK in redact(text)
    inner = json.dumps({"t": json.dumps({"u": text})})
    assert secret not in redact(inner)
    assert json.loads(json.loads(redact(inner))["t"]).keys() == {"u"}


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_is_unchanged(text: str) -> None:
    redact = Redactor(["some-known-secret-1"])
    assert redact(text) is text
    encoded = json.dumps({"t": text})
    assert redact(encoded) is encoded


SECRET = 'p4$$ w\u00f6rd/+"quo\\te"\n=~end'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        quote(SECRET, safe=""),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
    ],
)
def test_a_known_value_goes_in_every_form(form: str) -> None:
    redact = Redactor([SECRET])
    for text in (f"a {form} b", json.dumps({"t": f"a {form} b"}, ensure_ascii=False)):
        clean = redact(text)
        assert MARK in clean
        assert form[4:-4] not in clean
    assert json.loads(redact(json.dumps({"t": form}, ensure_ascii=False))).keys() == {"t"}


@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:", "some one:"])
def test_a_known_value_goes_from_base64_of_a_longer_text(before: str) -> None:
    value = "correct-horse-battery"
    encoded = base64.b64encode(f"{before}{value}{before}".encode()).decode()
    clean = Redactor([value])(f"Basic: {encoded}")
    assert MARK in clean
    kept = clean.removeprefix("Basic: ").replace(MARK, "")
    assert len(kept) <= len(base64.b64encode(before.encode())) * 2 + 6


def test_short_known_values_are_left() -> None:
    assert Redactor(["abc", "1234567"])("abc 1234567") == "abc 1234567"


def test_a_longer_known_value_is_not_cut_by_a_shorter_one() -> None:
    assert (
        Redactor(["swordfish", "swordfish-and-chips"])("a swordfish-and-chips b") == f"a {MARK} b"
    )


@pytest.mark.parametrize("word", ["verified", "interrupted", "check_finished", "max_time", "ified"])
def test_our_own_words_are_never_redacted(word: str) -> None:
    redact = Redactor([word, "swordfish"])
    text = f'{{"kind":"{word}","text":"swordfish"}}'
    assert redact(text) == f'{{"kind":"{word}","text":"{MARK}"}}'


def test_digits_go_from_strings_and_stay_as_numbers() -> None:
    redact = Redactor(["12345678"])
    text = '{"kind":"x","pid":12345678,"seconds":0.12345678,"output":"pin:12345678,"}'
    assert (
        redact(text)
        == '{"kind":"x","pid":12345678,"seconds":0.12345678,"output":"pin:[REDACTED],"}'
    )
    assert redact("pin:12345678,") == f"pin:{MARK},"


def test_an_escape_is_never_cut() -> None:
    redact = Redactor(["nhunter22", "bhunter33", "001bhunter"])
    text = '{"t":"\\nhunter22 \\\\nhunter22 \\bhunter33 \\u001bhunter"}'
    assert redact(text) == f'{{"t":"\\nhunter22 \\\\{MARK} \\bhunter33 \\u001bhunter"}}'


def test_half_characters_do_not_stop_it() -> None:
    assert Redactor(["\ud800secret-1"])("x \ud800secret-1") == f"x {MARK}"


def shape_of(text: str) -> str:
    """The JSON without the contents of its values that are strings."""
    return re.sub(
        r'("(?:[^"\\]|\\.)*")(\s*:)?', lambda it: it[0] if it[2] else '""', text, flags=re.DOTALL
    )


pieces = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*TOKENS, *HONEST, *(text for text, _ in ASSIGNMENTS)]),
    st.sampled_from(
        ["\n", "\\", '"', "\x1b[31m", "\x00", "token=", "password: ", "://a:b@", "sk-"]
    ),
)
texts = st.lists(pieces, max_size=6).map("".join)
documents = st.dictionaries(
    st.sampled_from(["kind", "token", "password", "output", "api_key"]),
    st.recursive(
        st.one_of(
            texts,
            texts.map(json.dumps),
            st.integers(),
            st.floats(allow_nan=False, allow_infinity=False),
            st.none(),
        ),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["a", "secret", "token"]), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    min_size=1,
)


@given(
    document=documents,
    known=st.lists(texts, max_size=3),
    compact=st.booleans(),
    ascii_only=st.booleans(),
)
def test_json_stays_json_of_the_same_shape(
    document: dict[str, object], known: list[str], compact: bool, ascii_only: bool
) -> None:
    separators = (",", ":") if compact else None
    text = json.dumps(document, separators=separators, ensure_ascii=ascii_only, allow_nan=False)
    assume(
        not any(
            value in key for value in known if len(value) > 7 for key in ("password", "api_key")
        )
    )
    clean = Redactor(known)(text)
    json.loads(clean)
    assert shape_of(clean) == shape_of(text)


hashes = st.one_of(
    st.binary(min_size=20, max_size=20).map(bytes.hex),
    st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}"),
    st.uuids().map(str),
)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=30)
paths = st.lists(names, min_size=1, max_size=8).map(lambda parts: "/" + "/".join(parts) + ".py")
tests = st.tuples(paths, names, names).map(lambda it: f"{it[0]}::test_{it[1]}[{it[2]}] PASSED")


@given(words=st.lists(hashes | paths | tests, max_size=20))
def test_hashes_paths_and_test_names_stay(words: list[str]) -> None:
    redact = Redactor(["known-secret-value"])
    text = json.dumps({"output": "\n".join(words)})
    assert redact(text) is text


def test_no_shape_takes_the_hint_of_another() -> None:
    assert len(BY_HINT) == sum(len(shape.hints) for shape in SHAPES)
