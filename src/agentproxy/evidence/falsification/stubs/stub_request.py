"""What is asked of the process that makes stubs, and what it answers.

Plain dataclasses: to import pydantic would take longer than the work of most requests.
"""

import base64
from dataclasses import dataclass, field

from agentproxy.evidence.falsification.stubs.stubs import NewBody


@dataclass(frozen=True, slots=True)
class StubFile:
    """One changed file, base64: at the base ("" where it had none) and at the claim."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StubRequest:
    """Files to stub."""

    files: tuple[StubFile, ...]


@dataclass(frozen=True, slots=True)
class StubAnswer:
    """The stubbed files, base64, and their stubs; `failed` says why others have no stub."""

    stubbed: dict[str, str] = field(default_factory=dict[str, str])
    failed: dict[str, str] = field(default_factory=dict[str, str])
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
