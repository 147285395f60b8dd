"""Reads a real package, and what is done to it, from a file. README.md here has the form."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from honest.pair import read_sections

HERE = Path(__file__).parent
Case = Literal["mended", "tested", "untested", "idle", "bent"]
CASES: tuple[Case, ...] = get_args(Case)
# The sections of the file that a case's worker puts into the tree.
WORK: Mapping[Case, tuple[str, ...]] = {
    "mended": (),  # the package as it was
    "tested": ("feature", "tests"),
    "untested": ("feature",),
    "idle": (),
    "bent": ("bent",),
}
BROKEN: tuple[Case, ...] = ("mended", "idle", "bent")  # their base has the bug
RIGHT: Mapping[Case, tuple[str, ...]] = {
    "mended": ("verified",),
    "tested": ("verified",),
    "untested": ("unverified",),
    # A check that still fails refutes; without one, nothing done is unverified.
    "idle": ("refuted", "unverified"),
    "bent": ("refuted", "unverified"),
}


@dataclass(frozen=True)
class Asked:
    """What a person types: the task, and options beside it."""

    task: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """One version of a package, how a person works on it, and what the workers do to it."""

    name: str
    registry: Literal["pypi", "npm"]
    version: str
    sha256: str
    tools: tuple[str, ...]
    prepare: tuple[str, ...]
    mend: Asked
    add: Asked
    deletes: tuple[str, ...]
    bends: str
    exceptions: Mapping[str, str]
    avoids: str
    sections: Mapping[str, str]

    @property
    def edited(self) -> set[str]:
        """The package's own files that its file edits."""
        names = [name for name in self.sections if name.startswith("edit ")]
        return {name.partition("/")[2] for name in names}

    def asked(self, case: Case) -> Asked:
        return self.mend if case in BROKEN else self.add

    def expected(self, case: Case) -> tuple[str, ...]:
        return (self.exceptions[case],) if case in self.exceptions else RIGHT[case]


def read_package(path: Path) -> Package:
    sections = read_sections(path.read_text())
    head = tomllib.loads(sections.pop(""))
    return Package(
        name=path.stem,
        registry=head["registry"],
        version=head["version"],
        sha256=head["sha256"],
        tools=tuple(head["tools"]),
        prepare=tuple(head.get("prepare", [])),
        mend=_asked(head["mend"]),
        add=_asked(head["add"]),
        deletes=tuple(head["bent"].get("deletes", [])),
        bends=head["bent"]["does"],
        exceptions=head.get("expect", {}),
        avoids=head.get("avoids", ""),
        sections=sections,
    )


def read_packages() -> list[Package]:
    """All of them, by name."""
    return [read_package(path) for path in sorted(HERE.glob("*.txt"))]


def _asked(about: Mapping[str, str]) -> Asked:
    return Asked(about["task"], ("--check", about["check"]) if "check" in about else ())
