"""Parses the body of a request that is bounded and has one meaning only; pure."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, cast

from agentproxy.models.relay.request_allowlist import RequestRefused

# Bytes alone are no bound: each parsed part takes up to a hundred bytes, and may be two in JSON.
MAX_PARTS: Final = 200_000

# Each match is short, because no other thread of Python runs during one.
_PLAIN: Final = re.compile(rb'[^"\[{,]{0,65536}')
_TEXT: Final = re.compile(rb'(?:[^"\\]{1,64}+|\\.){0,1024}+', re.DOTALL)
_MARKS: Final = (b'"', b",", b"[", b"{")


def check_parts(content: bytes, limit: int) -> None:
    """Raises RequestRefused if a body has more than `limit` texts and values. Does not parse it."""
    # A fast count that is never too small: marks inside texts count too.
    if sum(content.count(mark) for mark in _MARKS) <= limit:
        return
    if any(True for _ in islice(_parts(content), limit, None)):
        raise RequestRefused(413, f"the body has more than {limit} values")


def _parts(content: bytes) -> Iterator[None]:
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
    """Returns the object in a body, and a name that an object in it has twice, or "".

    Raises:
        RequestRefused: the body is not a JSON object.
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
        raise RequestRefused(400, "the body is not a JSON object")
    return cast("dict[str, object]", body), "".join(twice)


def encode_body(body: dict[str, object]) -> bytes:
    """Returns a body in strict JSON. Raises RequestRefused if JSON cannot hold it."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError as error:
        raise RequestRefused(400, "a number in the body is too large") from error
    except RecursionError as error:
        raise RequestRefused(400, "the body is nested too deeply") from error


def _refuse(constant: str) -> object:
    raise ValueError(constant)
