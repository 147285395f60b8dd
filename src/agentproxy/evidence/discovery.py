"""Finds the checks of a project in its files, and executes nothing of the project."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agentproxy.events.contract import Check
from agentproxy.evidence.environments.untrusted_folder import Folder, upwards

CheckKind = Literal["test", "types", "lint", "build"]

# npm's default test script prints this and fails.
_NO_TESTS = "no test specified"
_SCRIPTS: tuple[tuple[str, CheckKind], ...] = (
    ("test", "test"),
    ("typecheck", "types"),
    ("type-check", "types"),
    ("lint", "lint"),
    ("build", "build"),
)
_LOCKS = (("pnpm-lock.yaml", "pnpm run"), ("yarn.lock", "yarn run"), ("bun.lock", "bun run"))
_TARGETS: tuple[tuple[str, CheckKind], ...] = (
    ("test", "test"),
    ("check", "test"),
    ("lint", "lint"),
    ("typecheck", "types"),
)
_TEST_FOLDERS = ("tests", "test", ".")


@dataclass(frozen=True, slots=True)
class FoundChecks:
    """The discovered checks, with notes for a person about the search."""

    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    kind: CheckKind
    command: str
    because: str


def discover(root: Path, directory: str) -> tuple[Check, ...]:
    """Returns the discovered checks for a directory of the repository at `root`.

    Never raises: it skips a broken, hostile or too large file, and `find_checks` adds a note.
    """
    return find_checks(root, directory).checks


def find_checks(root: Path, directory: str) -> FoundChecks:
    """Returns the discovered checks with notes. Never raises.

    The nearest folder from `directory` up to the root that has any check gives them all.
    """
    notes: list[str] = []
    for place in upwards(directory):
        folder = Folder(root, place)
        findings = [*_python(folder), *_javascript(folder)]
        kinds = {finding.kind for finding in findings}
        findings += [each for each in _make(folder) if each.kind not in kinds]
        notes += folder.notes
        if findings:
            return FoundChecks(tuple(_check(each, place) for each in findings), tuple(notes))
    return FoundChecks(
        (), (*notes, "no tests, type check, lint or build were found in the project")
    )


def _check(finding: _Finding, place: str) -> Check:
    # The kind is the name, so that configuration can choose. Two tools of one kind make two
    # checks of one name.
    return Check(
        name=finding.kind,
        command=finding.command,
        role="discovered",
        source=f"found: {finding.because}",
        directory=place,
    )


def _python(folder: Folder) -> Iterable[_Finding]:
    tools: tuple[tuple[CheckKind, Callable[[Folder], str], Callable[[Folder], str]], ...] = (
        ("test", _pytest, lambda _: "python -m pytest -q"),
        ("types", _mypy, _mypy_command),
        ("types", _pyright, lambda _: "pyright"),
        ("lint", _ruff, lambda _: "ruff check ."),
    )
    for kind, because, command in tools:
        if reason := because(folder):
            yield _Finding(kind, command(folder), reason)


def _pytest(folder: Folder) -> str:
    if folder.toml("pyproject.toml", "tool", "pytest"):
        return "pyproject.toml [tool.pytest]"
    for name in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"):
        if folder.has(name):
            return name
    if section := folder.section(("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        return section
    return _python_test(folder)


def _python_test(folder: Folder) -> str:
    """The first file of tests, also of those that a package has inside."""
    inside = [
        f"{package}/{place}"
        for holder in (".", "src")
        for package in folder.folders(holder)
        if folder.has(f"{package}/__init__.py")
        for place in ("tests", "test")
    ]
    return next(
        (
            path
            for place in (*_TEST_FOLDERS, *inside)
            if (path := folder.first(place, _is_collected_by_pytest, deep=place != "."))
        ),
        "",
    )


def _is_collected_by_pytest(name: str) -> bool:
    return re.fullmatch(r"test_.*\.py|.*_test\.py", name) is not None


def _mypy(folder: Folder) -> str:
    if folder.toml("pyproject.toml", "tool", "mypy"):
        return "pyproject.toml [tool.mypy]"
    for name in ("mypy.ini", ".mypy.ini"):
        if folder.has(name):
            return name
    return folder.section(("setup.cfg", "mypy"))


def _mypy_command(folder: Folder) -> str:
    table = folder.toml("pyproject.toml", "tool", "mypy")
    named = isinstance(table, dict) and any(
        key in table for key in ("files", "packages", "modules")
    )
    texts = (folder.text(name) for name in ("mypy.ini", ".mypy.ini", "setup.cfg"))
    named = named or any(re.search(r"^(?:files|packages|modules)\s*=", t, re.M) for t in texts)
    # mypy takes the paths from its configuration only where the command names none.
    return "mypy" if named else "mypy ."


def _pyright(folder: Folder) -> str:
    if folder.toml("pyproject.toml", "tool", "pyright"):
        return "pyproject.toml [tool.pyright]"
    return "pyrightconfig.json" if folder.has("pyrightconfig.json") else ""


def _ruff(folder: Folder) -> str:
    if folder.toml("pyproject.toml", "tool", "ruff"):
        return "pyproject.toml [tool.ruff]"
    return next((name for name in ("ruff.toml", ".ruff.toml") if folder.has(name)), "")


def _javascript(folder: Folder) -> Iterable[_Finding]:
    scripts = folder.json("package.json", "scripts")
    if not isinstance(scripts, dict):
        return
    run = next((run for lock, run in _LOCKS if folder.has(lock)), "npm run -s")
    seen: set[CheckKind] = set()
    for script, kind in _SCRIPTS:
        text = scripts.get(script)
        if not isinstance(text, str) or not text.strip() or _NO_TESTS in text or kind in seen:
            continue
        seen.add(kind)
        yield _Finding(kind, f"{run} {script}", f"package.json scripts.{script}")


def _make(folder: Folder) -> Iterable[_Finding]:
    # GNU make looks for them in this order.
    name = next((n for n in ("GNUmakefile", "makefile", "Makefile") if folder.has(n)), "")
    text = folder.text(name) if name else ""
    seen: set[CheckKind] = set()
    for target, kind in _TARGETS:
        if kind not in seen and re.search(rf"^{target}[ \t]*::?(?![:=])", text, re.MULTILINE):
            seen.add(kind)
            yield _Finding(kind, f"make {target}", f"{name} target {target}")
