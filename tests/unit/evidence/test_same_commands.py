"""Which commands mean the same, so that one run serves both."""

import pytest

from agentproxy.evidence.same_commands import Place, meaning_of

VENV = Place(
    "/project",
    {
        "pytest": "/project/.venv/bin/pytest",
        "python": "/project/.venv/bin/python",
        "python3": "/usr/bin/python3",
    },
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pytest -q", "python -m pytest -q"),
        ("pytest", "python -m pytest -q"),
        ("pytest -vv --tb=short", "pytest"),
        (".venv/bin/pytest -q", "python -m pytest -q"),
        ("./.venv/bin/python -m pytest", "python -m pytest -q"),
        ("pytest -q tests/unit", "python -m pytest tests/unit"),
        ("uv run pytest", "python -m pytest -q"),
        ("uv run python -m pytest -q tests", "pytest tests"),
        ("poetry run pytest -v", "python -m pytest -q"),
        ("npm test", "npm run -s test"),
        ("npm t", "npm run test"),
        ("pnpm test", "pnpm run test"),
        ("yarn test", "yarn run test"),
        (" npm run lint ", "npm run -s lint"),
    ],
)
def test_these_run_the_same(one: str, other: str) -> None:
    assert meaning_of(one, VENV) == meaning_of(other, VENV)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pytest -q -k fast", "pytest -q"),
        ("pytest -q -m 'not slow'", "pytest -q"),
        ("pytest -q tests/unit", "pytest -q"),
        ("pytest -q tests/unit", "pytest -q tests/web"),
        ("pytest -x", "pytest"),
        ("pytest -n 2", "pytest"),
        ("pytest -p no:randomly", "pytest"),
        ("pytest --cov=app", "pytest"),
        ("pytest -W error", "pytest"),
        # Another interpreter has other packages.
        ("python3 -m pytest", "python -m pytest"),
        ("/usr/bin/pytest", "python -m pytest"),
        ("python -I -m pytest", "python -m pytest"),
        ("PYTHONPATH=src pytest", "pytest"),
        ("pytest && ruff check .", "pytest"),
        ("pytest || true", "pytest"),
        ("pytest | tee log", "pytest"),
        ("pytest\nruff check .", "pytest"),
        ("pytest $ARGS", "pytest"),
        ("pytest -q # all", "pytest"),
        ("pytest -k 'unclosed", "pytest"),
        ("cd web && npm test", "npm test"),
        ("npm test -- --bail", "npm test"),
        ("npm run test:unit", "npm test"),
        ("npm lint", "npm run lint"),
        ("pnpm test", "npm test"),
        # bun has a test runner of its own.
        ("bun test", "bun run test"),
        ("uv run --group dev pytest", "pytest"),
        ("uv run ruff check", "ruff check"),
        ("uvx pytest", "pytest"),
        ("make test", "pytest"),
        ("", "pytest"),
    ],
)
def test_these_do_not(one: str, other: str) -> None:
    assert meaning_of(one, VENV) != meaning_of(other, VENV)


def test_a_pytest_of_another_environment_is_not_the_interpreters_own() -> None:
    place = Place("/project", {**VENV.programs, "pytest": "/home/u/.local/bin/pytest"})
    assert meaning_of("pytest", place) != meaning_of("python -m pytest", place)


def test_where_there_is_no_pytest_yet_it_is_the_interpreters_own() -> None:
    place = Place("/project", {"python": "/usr/bin/python"})
    assert meaning_of("pytest", place) == meaning_of("python -m pytest", place)


@pytest.mark.parametrize("command", ["uv run pytest", "poetry run pytest"])
def test_an_environment_that_is_elsewhere_may_be_another(command: str) -> None:
    active = Place("/project", {"pytest": "/venv/bin/pytest", "python": "/venv/bin/python"})
    assert meaning_of(command, active) != meaning_of("pytest", active)
