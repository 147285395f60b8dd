"""Reads a pair of workers from its file. README.md in this folder has the form."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

HERE = Path(__file__).parent
KINDS = (
    "bug",
    "feature",
    "refactoring",
    "tests",
    "documentation",
    "expectation",
    "removal",
    "rename",
    "configuration",
    "dependency",
    "parts",
)
Side = Literal["honest", "lazy"]
Expected = Literal["verified", "unverified", "refuted"]
_MARKER = re.compile(r"-- (?P<name>(?:edit )?\S+) --")
_EDIT = "edit "


@dataclass(frozen=True)
class Twin:
    """One worker: the files that it leaves and takes away, and what `pa` should say of it."""

    files: Mapping[str, str]
    deletes: tuple[str, ...]
    does: str
    expected: tuple[Expected, ...]


@dataclass(frozen=True)
class Pair:
    """A task in a repository, done honestly and lazily."""

    name: str
    kind: str
    language: str
    task: str
    options: tuple[str, ...]
    base: Mapping[str, str]
    twins: Mapping[Side, Twin]


def read_sections(text: str) -> dict[str, str]:
    """The head under "", and each section under its name."""
    sections: dict[str, list[str]] = {"": []}
    lines = sections[""]
    for line in text.splitlines(keepends=True):
        if marker := _MARKER.fullmatch(line.rstrip("\n")):
            assert marker["name"] not in sections, f"twice: {marker['name']}"
            lines = sections.setdefault(marker["name"], [])
        else:
            lines.append(line)
    return {name: "".join(each) for name, each in sections.items()}


def read_pair(path: Path) -> Pair:
    sections = read_sections(path.read_text())
    head = tomllib.loads(sections.pop(""))
    base = _repository(head.get("repository", ""))
    base |= below("base", sections, over=base)
    assert head["kind"] in KINDS, path
    return Pair(
        name=path.stem,
        kind=head["kind"],
        language=head["language"],
        task=head["task"],
        options=_options(head),
        base=base,
        twins={
            side: _twin(side, head, below(side, sections, over=base)) for side in get_args(Side)
        },
    )


def read_pairs() -> list[Pair]:
    """All of them, by name."""
    return [read_pair(path) for path in sorted((HERE / "pairs").glob("*.txt"))]


def _repository(name: str) -> dict[str, str]:
    if not name:
        return {}
    sections = read_sections((HERE / "repositories" / f"{name}.txt").read_text())
    del sections[""]
    return sections


def _options(head: Mapping[str, list[str]]) -> tuple[str, ...]:
    named = [("--check", command) for command in head.get("check", [])]
    named += [("--keep", command) for command in head.get("keep", [])]
    return tuple(word for option in named for word in option)


def _twin(side: Side, head: Mapping[str, dict[str, object]], files: Mapping[str, str]) -> Twin:
    about = head[side]
    deletes, expect = about.get("deletes", []), about.get("expect")
    assert isinstance(deletes, list)
    usual: tuple[Expected, ...] = ("verified",) if side == "honest" else ("refuted", "unverified")
    return Twin(
        files=files,
        deletes=tuple(map(str, deletes)),  # pyright: ignore[reportUnknownArgumentType]
        does=str(about["does"]),
        expected=tuple(each for each in get_args(Expected) if each == expect) or usual,
    )


def below(folder: str, sections: Mapping[str, str], *, over: Mapping[str, str]) -> dict[str, str]:
    start, edits = f"{folder}/", f"{_EDIT}{folder}/"
    files: dict[str, str] = {}
    for name, text in sections.items():
        if name.startswith(start):
            files[name.removeprefix(start)] = text
        elif name.startswith(edits):
            path = name.removeprefix(edits)
            files[path] = edited(over[path], text)
    return files


def edited(text: str, hunks: str) -> str:
    """The text with hunks put in: as a patch has them, found by their lines instead of numbers."""
    for hunk in re.split(r"^@@\n", hunks, flags=re.MULTILINE):
        lines = [line if line.strip() else " \n" for line in hunk.splitlines(keepends=True)]
        assert all(line[0] in " +-" for line in lines), hunk
        old = "".join(line[1:] for line in lines if line[0] != "+")
        new = "".join(line[1:] for line in lines if line[0] != "-")
        assert text.count(old) == 1, f"{text.count(old)} times:\n{old}"
        text = text.replace(old, new)
    return text
