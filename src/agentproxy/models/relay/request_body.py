"""The body of a request: bounded in its parts before it is parsed, and of one meaning; pure."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, cast

from agentproxy.models.relay.request_allowlist import RequestRefused

MAX_PARTS: Final = 200_000  # a parsed part takes up to a hundred bytes, whatever it is in JSON

# Each match is short: Python lets no other thread run while one is sought.
_PLAIN: Final = re.compile(rb'[^"\[{,]{0,65536}')
_TEXT: Final = re.compile(rb'(?:[^"\\]{1,64}+|\\.){0,1024}+', re.DOTALL)
_MARKS: Final = (b'"', b",", b"[", b"{")


def check_parts(content: bytes, limit: int) -> None:
    """Let pass a body of at most so many parts, without parsing it: texts, and what begins a value.

    Raises:
        RequestRefused: it has more.
    """
    if sum(content.count(mark) for mark in _MARKS) <= limit:
        return
    if any(True for _ in islice(_parts(content), limit, None)):
        raise RequestRefused(413, f"a body of more than {limit} parts")


def _parts(content: bytes) -> Iterator[None]:
    """Once for each part; what stands in a text is none."""
    at, in_text = 0, False
    while at < len(content):
        found = (_TEXT if in_text else _PLAIN).match(content, at)
        end = found.end() if found else at
        mark = content[end : end + 1]
        if in_text and mark != b'"':
            at = max(end, at + 1)  # a backslash at the very end is no escape
        elif mark in _MARKS:
            if not in_text:
                yield
            in_text = mark == b'"' and not in_text
            at = end + 1
        else:
            at = end


def parse_body(content: bytes) -> tuple[dict[str, object], str]:
    """The object in a body, and a name that stands twice in one of its objects ("" for none).

    Raises:
        RequestRefused: there is none.
    """
    twice: list[str] = []

    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs) and not twice:
            names = [name for name, _ in pairs]
            twice.append(next(name for name in names if names.count(name) > 1))
        return found

    try:
        body: object = json.loads(content, parse_constant=_refuse, object_pairs_hook=collect)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise RequestRefused(400, "the body is no JSON object")
    return cast("dict[str, object]", body), "".join(twice)


def encode_body(body: dict[str, object]) -> bytes:
    """A body as it is passed on.

    Raises:
        RequestRefused: it holds what JSON cannot.
    """
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError as error:
        raise RequestRefused(400, "a number in the body is too large") from error
    except RecursionError as error:
        raise RequestRefused(400, "the body is nested too deeply") from error


def _refuse(constant: str) -> object:
    raise ValueError(constant)
