"""The languages that stubs can be made of. Pure."""

from typing import Literal

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


def language_of(path: str) -> StubLanguage | None:
    """The language of a file that stubs can be made of, by its name."""
    return _LANGUAGES.get(path.rpartition(".")[2]) if "." in path else None
