"""The contract: what was ordered, and what the project's configuration says of the same command."""

from pathlib import Path

import pytest

from agentproxy.events.contract import Check, Contract, Role
from agentproxy.events.run import Order
from agentproxy.supervisor.planning import ProjectRules, fold_same, make_contract

SUITE = Check(
    name="suite",
    command="pytest -q",
    role="regression",
    source="agentproxy.toml",
    network="host",
    env={"DB": "test"},
    timeout=7.0,
)


def contract(
    *configured: Check, checks: tuple[str, ...] = (), keep: tuple[str, ...] = ()
) -> Contract:
    order = Order(
        task="fix it", repository="/r", worker="w", sandbox="plain", checks=checks, keep=keep
    )
    return make_contract(order, ProjectRules(checks=configured), ())


@pytest.mark.parametrize("role", ["regression", "discovered", "acceptance"])
def test_a_check_that_is_named_keeps_what_was_configured_for_its_command(role: Role) -> None:
    agreed = contract(SUITE.model_copy(update={"role": role}), checks=("pytest -q",))
    assert agreed.checks == (SUITE.model_copy(update={"role": "acceptance", "source": "--check"}),)
    assert [each.checks for each in agreed.criteria] == [("suite",)]


def test_a_named_role_of_the_configuration_is_not_weakened_by_keeping_the_command() -> None:
    named = SUITE.model_copy(update={"role": "acceptance"})
    assert contract(named, keep=("pytest -q",)).checks == (named,)


def test_another_folder_is_another_check() -> None:
    elsewhere = SUITE.model_copy(update={"directory": "web"})
    assert [each.name for each in contract(elsewhere, checks=("pytest -q",)).checks] == [
        "pytest -q",
        "suite",
    ]


FOUND = Check(name="test", command="python -m pytest -q", role="discovered", source="found: a.py")
PROGRAMS = {"pytest": "/venv/bin/pytest", "python": "/venv/bin/python"}


def folded(*checks: Check) -> tuple[list[str], tuple[str, ...]]:
    agreed = Contract(task="fix it", criteria=(), checks=checks)
    left, notes = fold_same(agreed, root=Path("/r"), programs=PROGRAMS)
    return [each.command for each in left.checks], notes


def test_a_found_check_that_runs_what_a_named_one_runs_is_dropped_and_said() -> None:
    named = FOUND.model_copy(update={"command": "pytest -q", "role": "acceptance", "source": "-"})
    assert folded(named, FOUND) == (
        ["pytest -q"],
        ("`python -m pytest -q` runs what `pytest -q` runs: one run serves both",),
    )


@pytest.mark.parametrize(
    "other",
    [
        {"directory": "web"},
        {"network": "host"},
        {"env": {"DB": "test"}},
        {"command": "pytest -k fast"},
        # It may belong to a later part of the plan, and the found one runs after each part.
        {"source": "planned: part-2"},
    ],
)
def test_a_found_check_is_kept_beside_another_one(other: dict[str, object]) -> None:
    named = FOUND.model_copy(update={"command": "pytest -q", "source": "--check", **other})
    assert folded(named, FOUND) == ([named.command, FOUND.command], ())


def test_two_named_checks_run_as_they_are_written() -> None:
    first = FOUND.model_copy(update={"command": "pytest -q", "source": "--check"})
    second = FOUND.model_copy(update={"source": "--check"})
    assert folded(first, second) == (["pytest -q", "python -m pytest -q"], ())
