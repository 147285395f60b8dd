"""Which scripts a command runs, as its words say it."""

import json

import pytest

from agentproxy.evidence.package_scripts import has_workspace, named_scripts

OWN = json.dumps({"scripts": {"test": "npm run unit", "unit": "jest", "loop": "npm run loop"}})
OTHERS = [json.dumps({"scripts": {"test": "node --test", "a": "vitest"}}), "[1", "{}"]


@pytest.mark.parametrize(
    ("command", "scripts"),
    [
        ("npm test", ("npm run unit", "jest")),
        ("npm t", ("npm run unit", "jest")),
        ("yarn run -s unit && make", ("jest",)),
        ("npm run loop", ()),
        ("make test", ()),
    ],
)
def test_scripts_are_followed_to_those_that_they_name(
    command: str, scripts: tuple[str, ...]
) -> None:
    assert named_scripts(command, OWN) == scripts


@pytest.mark.parametrize(
    "command",
    [
        "pnpm -r test",
        "pnpm --filter b test",
        "pnpm -F ./packages/b run test -- --x",
        "npm test --workspaces",
        "npm --workspace b run test",
        "yarn workspaces foreach -A run test",
        "yarn workspace b test",
    ],
)
def test_in_a_workspace_the_scripts_of_its_packages_count(command: str) -> None:
    assert "node --test" in named_scripts(command, OWN, of_workspace=OTHERS)
    assert "node --test" not in named_scripts(command, OWN)


def test_a_workspace_is_known_by_the_packages_that_it_names() -> None:
    assert has_workspace('{"workspaces": ["a"]}')
    assert not has_workspace(OWN)
    assert not has_workspace("[")
