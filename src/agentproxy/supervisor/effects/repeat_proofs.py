"""What proves a claim runs again where it has to hold too: merged, and at another date."""

from collections.abc import Mapping

from agentproxy.events.check import later_tree, merged_tree, target_tree
from agentproxy.supervisor.effects.run_check import RunCheck, attempt_of, second_attempt
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State


@SUPERVISED.due_at(Stage.MERGE)
def merge_checks_due(state: State) -> Mapping[str, RunCheck]:
    """What proves a claim runs once merged with where its branch stands, and where that is red a
    second time, and without the claim.
    """
    number, weighed = state.round, state.weighed.get(state.round)
    merged = state.merged.get(number)
    if merged is None or merged.outcome != "clean" or weighed is None or weighed.refuted:
        return {}
    found: dict[str, RunCheck] = {}
    for name in (each.check for each in weighed.checks if each.finding == "proven"):
        check = state.require_contract().check(name)
        results = state.results_of(name, merged_tree(number))
        if not results:
            found |= attempt_of(check, merged_tree(number), 1)
        elif not results[0].passed:
            found |= second_attempt(state, name, merged_tree(number))
            if not state.results_of(name, target_tree(number)):
                found |= attempt_of(check, target_tree(number), 1)
    return found


@SUPERVISED.due_at(Stage.MERGE)
def later_checks_due(state: State) -> Mapping[str, RunCheck]:
    """What proves a claim that mentions the clock runs at another date, twice where it fails."""
    number, weighed = state.round, state.weighed.get(state.round)
    examined = state.examined.get(number)
    if examined is None or not examined.clock_library or weighed is None or weighed.refuted:
        return {}
    found: dict[str, RunCheck] = {}
    for name in (each.check for each in weighed.checks if each.finding == "proven"):
        results = state.results_of(name, later_tree(number))
        if not results:
            found |= attempt_of(state.require_contract().check(name), later_tree(number), 1)
        elif not results[0].passed:
            found |= second_attempt(state, name, later_tree(number))
    return found
