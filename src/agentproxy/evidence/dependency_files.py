"""Which files list the packages to install, and which of them a recipe reads."""

import re
from collections.abc import Iterable

from agentproxy.events.git_facts import Change

REQUIREMENT_FILES = (
    "requirements.txt", "requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt",
    "requirements-test.txt", "requirements_test.txt", "test-requirements.txt",
    "requirements/base.txt", "requirements/dev.txt", "requirements/test.txt",
    "requirements/tests.txt",
)  # fmt: skip
# The Python lock files that a build follows, with the tool that installs from each.
PYTHON_LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry"}
# A claim may move a requirement into one of these. The package is then still needed.
OTHER_PYTHON_LISTS = (
    "requirements-ci.txt", "requirements_ci.txt", "requirements/ci.txt", "requirements.in",
    "requirements-dev.in", "constraints.txt", "setup.cfg", "setup.py", "pyproject.toml", "tox.ini",
    "noxfile.py", "Pipfile", "environment.yml",
)  # fmt: skip

# No recipe reads these. Their own tools read them when a check runs.
_READ_BY_NO_RECIPE = re.compile(
    r"Pipfile(?:\.lock)?|pdm\.lock|environment\.ya?ml|go\.(?:mod|sum)|Cargo\.(?:toml|lock)"
    r"|Gemfile(?:\.lock)?|bun\.lockb?"
)
_READ_BY_A_RECIPE = re.compile(
    r"(?:.*requirements.*|constraints.*)\.(?:txt|in)|.*\.lock|setup\.(?:py|cfg)|pyproject\.toml"
    r"|package(?:-lock)?\.json|npm-shrinkwrap\.json|pnpm-(?:lock|workspace)\.yaml|\.yarnrc\.yml"
)
_REQUIREMENTS_FOLDER = re.compile(r"(?:.*/)?requirements/[^/]*\.(?:txt|in)")


def is_dependency_file(path: str) -> bool:
    """Whether a path names a file that lists the packages to install."""
    if is_read_by_no_recipe(path) or _REQUIREMENTS_FOLDER.fullmatch(path):
        return True
    return _READ_BY_A_RECIPE.fullmatch(path.rpartition("/")[2]) is not None


def is_read_by_no_recipe(path: str) -> bool:
    return _READ_BY_NO_RECIPE.fullmatch(path.rpartition("/")[2]) is not None


def find_dependency_files(changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(change.path for change in changes if is_dependency_file(change.path))
