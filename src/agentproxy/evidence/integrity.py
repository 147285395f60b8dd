"""Which of the files that a claim changes decide what a check says: tests, and what runs them."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from agentproxy.events.git_facts import Change
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.test_ids import file_of, is_changed

NAMED = 5
_TESTS = re.compile(
    r"(?:.*/)?(?:tests?|__tests__|__snapshots__)/.*"
    r"|(?:.*/)?(?:test_[^/]*|[^/]*_test|tests?)\.py"
    r"|(?:.*/)?[^/]*[._-](?:test|spec)\.[^/]*"
    r"|(?:.*/)?[^/]*(?:_test\.go|_spec\.rb|Tests?\.(?:java|kt|cs|php))"
)
# What rules over tests by merely being there, also where the base had none.
_RULES = re.compile(
    r"(?:.*/)?(?:conftest\.py|\.?pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|package\.json"
    r"|noxfile\.py|(?:GNUm|[Mm])akefile|[Jj]ustfile|Taskfile\.ya?ml|Rakefile|\.coveragerc"
    r"|\.?(?:ruff|mypy)\.(?:toml|ini)|pyrightconfig\.json|\.mocharc\.[^/]*|\.eslintrc[^/]*"
    r"|(?:jest|vitest|vite|ava|karma|playwright|cypress|eslint|babel)\.config\.[^/]*"
    r"|(?:site|user)customize\.py|_?pytest\.py)"
    r"|(?:.*/)?_?pytest/.*"
)
# A check that only looks at files asks for what stands in them: nothing else decides it.
_LOOKS = re.compile(r"\s*(?:!\s+)?(?:[ef]?grep|rg|test|\[|ls|wc|cmp|diff|stat)\s[^;&|`$\n<>]*")
_ABOUT_PACKAGES = ("poetry", "uv", "setuptools", "setuptools_scm")
_RUNNING = ("scripts", "jest", "mocha", "ava", "vitest", "c8", "nyc", "tap", "eslintConfig")
_SECTIONS = re.compile(r"^\[(?!metadata\]|options[\].])[^\n]*\n(?:(?!\[)[^\n]*\n?)*", re.MULTILINE)


def find_deciding_files(
    changes: Sequence[Change], verdict: CheckVerdict, *, command: str
) -> tuple[str, ...]:
    """The files of a claim that may be why a check is proven, beside the change of the code.

    A file of tests that the claim adds is none of them: nothing in it failed at the base. A command
    that only looks at files has none.
    """
    if _LOOKS.fullmatch(command):
        return ()
    own = {
        file_of(name)
        for name in verdict.fixed
        if re.split("::| > ", name)[-1].lower().startswith("test")
    } - {""}
    return tuple(
        change.path
        for change in changes
        if _RULES.fullmatch(change.path)
        or (
            change.status != "added"
            and (_TESTS.fullmatch(change.path) or any(is_changed(f, [change.path]) for f in own))
        )
    )


def settings_changed(path: str, before: bytes | None, after: bytes | None) -> bool:
    """Whether a file that `deciding` names does decide: of some only a part is about running
    checks, and the rest is about packages. None is a file that is not there.
    """
    about = _PARTS.get(path.rpartition("/")[2])
    if about is None:
        return True
    try:
        return about(before or b"") != about(after or b"")
    except (ValueError, RecursionError):
        return True


def _pyproject(text: bytes) -> object:
    tool = _table(tomllib.loads(text.decode()).get("tool"))
    return {name: value for name, value in tool.items() if name not in _ABOUT_PACKAGES}


def _package(text: bytes) -> object:
    package = _table(json.loads(text or b"{}"))
    return {name: package[name] for name in _RUNNING if name in package}


def _setup(text: bytes) -> object:
    return [section.rstrip() for section in _SECTIONS.findall(text.decode())]


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


_PARTS: dict[str, Callable[[bytes], object]] = {
    "pyproject.toml": _pyproject,
    "package.json": _package,
    "setup.cfg": _setup,
}


def downgrade_for_own_tests(verdict: CheckVerdict, files: Iterable[str]) -> CheckVerdict:
    """The verdict on a check that is proven by the claim's own tests and settings alone."""
    names = list(files)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    reason = (
        f"{verdict.reason}; but its proof rests on tests and settings that the claim itself "
        f"changed: {', '.join(names[:NAMED])}{more} (as they were at the base, it is not proven)"
    )
    return verdict.model_copy(update={"finding": "unverified", "reason": reason})
