"""What is asked of the process that makes stubs, and what it answers."""

from typing import Literal

from pydantic import Field

from agentproxy.events.envelope import FrozenModel
from agentproxy.evidence.falsification.stubs.stubs import NewBody

StubLanguage = Literal["python", "javascript", "typescript", "tsx"]

_LANGUAGES: dict[str, StubLanguage] = {
    "py": "python",
    "js": "javascript",
    "cjs": "javascript",
    "mjs": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "cts": "typescript",
    "mts": "typescript",
    "tsx": "tsx",
}


class StubFile(FrozenModel):
    """One changed file, base64: at the base ("" where it had none) and at the claim."""

    path: str
    before: str
    after: str


class StubRequest(FrozenModel):
    """Files to stub, and what a function that is new in them does."""

    files: tuple[StubFile, ...]
    new: NewBody


class StubAnswer(FrozenModel):
    """The stubbed files, base64, and their stubs; `failed` says why others have no stub."""

    stubbed: dict[str, str] = Field(default_factory=dict)
    failed: dict[str, str] = Field(default_factory=dict)
    functions: tuple[str, ...] = ()
    resigned: tuple[str, ...] = ()


def language_of(path: str) -> StubLanguage | None:
    """The language of a file that stubs can be made of, by its name."""
    return _LANGUAGES.get(path.rpartition(".")[2]) if "." in path else None
