"""What is asked of the process that makes stubs, and what it answers.

Named tuples: to import pydantic, or only dataclasses, takes longer than the work of most requests.
"""

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from agentproxy.evidence.falsification.stubs.stubs import NewBody

_NOTHING: Mapping[str, str] = MappingProxyType({})


class StubFile(NamedTuple):
    """One changed file, base64: at the base ("" where it had none) and at the claim."""

    path: str
    before: str
    after: str


class StubRequest(NamedTuple):
    """Files to stub."""

    files: tuple[StubFile, ...]


class StubAnswer(NamedTuple):
    """The stubbed files, base64, and their stubs; `failed` says why others have no stub."""

    stubbed: Mapping[str, str] = _NOTHING
    failed: Mapping[str, str] = _NOTHING
    functions: tuple[str, ...] = ()
    resigned: tuple[str, ...] = ()


# By what a function does that is new.
StubAnswers = dict[NewBody, StubAnswer]


def decoded(text: str) -> bytes:
    """The content of a file of a request."""
    return base64.b64decode(text)


def encoded(content: bytes) -> str:
    """A content as a request has it."""
    return base64.b64encode(content).decode()
