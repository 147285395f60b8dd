"""What a Python project asks for: requirement files, pyproject.toml, locks of uv and Poetry.

pip installs the first two. A lock is followed where its own tool is on the user's PATH.
"""

import json
import posixpath
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from agentproxy.evidence.folder import Folder
from agentproxy.evidence.recipe import Recipe, digest

REQUIREMENTS = (
    "requirements.txt", "requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt",
    "requirements-test.txt", "requirements_test.txt", "test-requirements.txt",
    "requirements/base.txt", "requirements/dev.txt", "requirements/test.txt",
    "requirements/tests.txt",
)  # fmt: skip
WANTED_PARTS = ("test", "tests", "testing", "dev")
LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry"}
DEEPEST_INCLUDE = 5

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_INCLUDE = re.compile(r"\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*([^\s#]+)")
_OF_TREE = re.compile(r"\s*(?:-e\b|--editable\b|\.|/|file:)|.*@\s*file:")

# What the user's interpreter has, such as a pytest of their own, stays in sight.
_VENV = "python3 -I -m venv --without-pip --system-site-packages .venv\n. .venv/bin/activate\n"
# An environment that uv made has no pip of its own; to unpack one takes longer than most builds.
# Isolated (-I): a pip.py or html.py in the tree would run in pip's place.
_PIP = """\
pip() { python -I -m pip --disable-pip-version-check --no-input "$@"; }
if ! pip --version >/dev/null 2>&1; then
  base=$(python -I -c 'import sys; print(sys._base_executable)'); here=$(command -v python)
  pip() { "$base" -I -m pip --python "$here" --disable-pip-version-check --no-input "$@"; }
  pip --version >/dev/null 2>&1 || {
    python -I -m ensurepip >/dev/null
    pip() { python -I -m pip --disable-pip-version-check --no-input "$@"; }
  }
fi
"""
_INSTALLED = "import importlib.metadata as m, sys; m.distribution(sys.argv[1])"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the files say. `declared` are requirements of pyproject.toml; `extras` the names of its
    optional parts that tests may need.
    """

    files: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    project: bool = False
    lock: str = ""


def python_recipe(folder: Folder, place: str, *, path: str) -> Recipe | None:
    """The recipe of a folder, or None where it says nothing about what to install."""
    asked = _asked(folder, path=path)
    if not (asked.lines or asked.declared or asked.project or asked.lock):
        return None
    lock = folder.text(asked.lock) if asked.lock else ""
    names = {name for text in (*asked.lines, *asked.declared) if (name := _name_of(text))}
    return Recipe(
        ecosystem="python",
        directory=place,
        folder=".venv",
        files=tuple(name for name in (*asked.files, asked.lock) if name),
        asks=tuple(sorted(names)),
        statement=digest((*asked.lines, *asked.declared, _dumped(folder, "build-system"), lock)),
        fresh=_VENV + _install(asked, renewing=False),
        renew=_install(asked, renewing=True),
        suffices=_suffices(asked, folder),
        runs_project=asked.project or bool(lock) or any(map(_OF_TREE.match, asked.lines)),
    )


def removal(before: Recipe, now: Recipe) -> str:
    """The command that takes away what was asked for and is not any more, or nothing."""
    gone = sorted(set(before.asks) - set(now.asks))
    return f"{_PIP}pip uninstall -q -y {shlex.join(gone)}\n" if gone else ""


def _asked(folder: Folder, *, path: str) -> _Asked:
    files = [name for name in REQUIREMENTS if folder.has(name)]
    lines = [line for name in files for line in _lines(folder, name, depth=0)]
    project = folder.toml("pyproject.toml", "project") is not None or folder.has("setup.py")
    poetry = folder.toml("pyproject.toml", "tool", "poetry")
    optional = folder.toml("pyproject.toml", "project", "optional-dependencies")
    groups = _table(folder.toml("pyproject.toml", "dependency-groups"))
    extras = [name for name in WANTED_PARTS if name in _table(optional)]
    declared = _texts(folder.toml("pyproject.toml", "project", "dependencies"))
    for name in extras:
        declared += _texts(_table(optional)[name])
    wanted_groups = [name for name in WANTED_PARTS if name in groups]
    for name in wanted_groups:
        declared += _of_group(groups, name, depth=0)
    if poetry is not None:
        files, declared = [*files, "pyproject.toml"], [*declared, _dumped(folder, "tool", "poetry")]
    elif project or groups:
        files += [name for name in ("pyproject.toml", "setup.py") if folder.has(name)]
    lock = next(
        (name for name, tool in LOCKS.items() if folder.has(name) and _is_on(tool, path)), ""
    )
    return _Asked(
        files=tuple(files),
        lines=tuple(lines),
        declared=tuple(declared),
        extras=tuple(extras),
        groups=tuple(wanted_groups),
        project=project or poetry is not None,
        lock=lock,
    )


def _is_on(tool: str, path: str) -> bool:
    return shutil.which(tool, path=path or None) is not None


def _install(asked: _Asked, *, renewing: bool) -> str:
    """The commands; a copy has the project already, and keeps what else the user put there."""
    if asked.lock == "uv.lock":
        parts = [f"--extra {name}" for name in asked.extras]
        parts += [f"--group {name}" for name in asked.groups]
        mode = "--inexact --no-install-project" if renewing else ""
        return f"uv sync -q --frozen --active {mode} {' '.join(parts)}".strip() + "\n"
    if asked.lock == "poetry.lock":
        return f"poetry install -q --no-interaction{' --no-root' if renewing else ''}\n"
    words = [word for name in asked.files if name.endswith(".txt") for word in ("-r", name)]
    if asked.project and not renewing:
        words += ["-e", f".[{','.join(asked.extras)}]" if asked.extras else "."]
    words += [text for text in asked.declared if _name_of(text)]
    return f"{_PIP}pip install -q {shlex.join(words)}\n" if words else ""


def _suffices(asked: _Asked, folder: Folder) -> str:
    """Whether the interpreter has it all: asked of pip itself, without a network."""
    words = [word for name in asked.files if name.endswith(".txt") for word in ("-r", name)]
    words += [text for text in asked.declared if _name_of(text)]
    probe = (
        "python3 -I -m pip --isolated --disable-pip-version-check install -q --no-index --dry-run"
    )
    lines = [f"{probe} {shlex.join(words)}"] if words else []
    name = folder.toml("pyproject.toml", "project", "name")
    found_by_path = folder.toml("pyproject.toml", "tool", "pytest", "ini_options", "pythonpath")
    if asked.project and folder.first("src", lambda _: True, deep=True) and found_by_path is None:
        lines.append(f"python3 -I -c {shlex.quote(_INSTALLED)} {shlex.quote(str(name))}")
    return "".join(f"{line}\n" for line in lines)


def _lines(folder: Folder, name: str, *, depth: int) -> Iterator[str]:
    """The requirements of a file and of those that it includes, without comments."""
    for line in folder.text(name).replace("\\\n", " ").splitlines():
        bare = re.sub(r"(?:^|\s)#.*", "", line).strip()
        included = _INCLUDE.fullmatch(bare)
        if included and depth < DEEPEST_INCLUDE:
            inner = posixpath.normpath(posixpath.join(posixpath.dirname(name), included[1]))
            yield from _lines(folder, inner, depth=depth + 1)
        elif bare:
            yield bare


def _of_group(groups: dict[str, object], name: str, *, depth: int) -> list[str]:
    found: list[str] = []
    for item in (
        cast("list[object]", groups.get(name)) if isinstance(groups.get(name), list) else []
    ):
        inner = _table(item).get("include-group")
        if isinstance(item, str):
            found.append(item)
        elif isinstance(inner, str) and depth < DEEPEST_INCLUDE:
            found += _of_group(groups, inner, depth=depth + 1)
    return found


def _texts(value: object) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str) and not item.startswith("-")]


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _dumped(folder: Folder, *keys: str) -> str:
    """A table as one text; "" where there is none, and for what JSON cannot hold, its words."""
    value = folder.toml("pyproject.toml", *keys)
    return "" if value is None else json.dumps(value, sort_keys=True, default=str)


def _name_of(requirement: str) -> str:
    """The normal form of the name in a requirement (PEP 503), or "" where it has none."""
    found = _NAME.match(requirement)
    if found is None or re.match(r"[A-Za-z]+(?:\+[A-Za-z]+)?://", requirement):
        return ""
    return re.sub(r"[-_.]+", "-", found[1]).lower()
