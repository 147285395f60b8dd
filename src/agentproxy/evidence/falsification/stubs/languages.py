"""The languages that stubs can be made of, and what else a claim is read for. Pure."""

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
    """The language of a file that our parsers read in full, by its name."""
    return _LANGUAGES.get(path.rpartition(".")[2]) if "." in path else None


def has_stubs(path: str) -> bool:
    """Whether stubs can be made of a file: of Go too, of which we read nothing else."""
    return path.endswith(".go") or language_of(path) is not None
