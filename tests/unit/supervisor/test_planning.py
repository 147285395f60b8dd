"""The contract: what was ordered, and what the project's configuration says of the same command."""

import pytest

from agentproxy.events.contract import Check, Contract, Role
from agentproxy.events.run import Order
from agentproxy.supervisor.planning import ProjectRules, make_contract

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
