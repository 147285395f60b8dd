"""Finds, reads and stores skills. A skill is a folder with a SKILL.md."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.text.front_matter import split_front_matter
from agentproxy.text.unseen import visible

BUNDLED = Path(__file__).parent / "bundled"
NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
FILE = "SKILL.md"
MAX_SKILLS = 200
MAX_SKILL_BYTES = 256 << 10
MAX_DESCRIPTION = 500  # characters
MAX_FILES = 50
UPLOADED = "uploaded"


class SkillTaken(Exception):
    """A name that belongs to a skill which was not uploaded."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill. `root` is the folder that holds its own folder."""

    name: str
    description: str
    body: str
    root: Path
    folder: str
    uploaded: bool
    files: Sequence[str]  # relative to its folder, without SKILL.md


class SkillLibrary:
    """The skills of the product and those of one folder, which win over them."""

    def __init__(self, own: Path) -> None:
        self.own = own

    def all(self) -> Mapping[str, Skill]:
        """Returns the readable skills by their names, in order. Never raises."""
        found = {each.name: each for each in (*_bundled(), *_skills(self.own))}
        return dict(sorted(found.items()))

    def listing(self) -> str:
        return "\n".join(f"- {each.name}: {each.description}" for each in self.all().values())

    def store(self, name: str, description: str, *, body: str) -> None:
        """Stores an uploaded skill; the name matches NAME. Raises SkillTaken, BadPath, OSError."""
        known = self.all().get(name)
        if known is not None and not known.uploaded:
            raise SkillTaken(f"the skill '{name}' was not uploaded, so it is not replaced")
        self.own.mkdir(parents=True, exist_ok=True)
        top = f'---\nname: {name}\ndescription: "{description}"\nsource: {UPLOADED}\n---\n\n'
        with SafeDir(self.own, links=False) as root:
            if known is None and root.exists(name):
                raise SkillTaken(f"'{name}' is there, and is no skill that was uploaded")
            root.write(f"{name}/{FILE}", f"{top}{body}\n".encode())


@cache
def _bundled() -> Sequence[Skill]:
    # A part of the installation, which does not change.
    return tuple(_skills(BUNDLED))


def _skills(folder: Path) -> Iterator[Skill]:
    try:
        # A link could lead to files that nobody meant as a skill.
        with SafeDir(folder, links=False) as root:
            for name, kind in root.entries(".", most=10 * MAX_SKILLS)[:MAX_SKILLS]:
                if kind == "folder" and (skill := _skill(root, folder, name)):
                    yield skill
    except (BadPath, OSError):
        return


def _belongs(name: str) -> bool:
    # An installation compiles the scripts of our own skills.
    return name[0] != "." and name != "__pycache__"


def _skill(root: SafeDir, place: Path, folder: str) -> Skill | None:
    try:
        data = root.read(f"{folder}/{FILE}", limit=MAX_SKILL_BYTES)
    except (BadPath, OSError):
        return None
    values, body = split_front_matter(data.decode(errors="replace"))
    name = values.get("name", "")
    name = name if re.fullmatch(NAME, name) else folder
    if not re.fullmatch(NAME, name):
        return None
    with SafeDir(place / folder, links=False) as own:
        files, _ = own.regular_files(most=10 * MAX_FILES, passes=_belongs)
    paths = sorted(each.path for each in files if each.path != FILE)
    return Skill(
        name=name,
        description=visible(" ".join(values.get("description", "").split()))[:MAX_DESCRIPTION],
        body=visible(body),
        root=place,
        folder=folder,
        uploaded=values.get("source") == UPLOADED,
        files=paths[:MAX_FILES],
    )
