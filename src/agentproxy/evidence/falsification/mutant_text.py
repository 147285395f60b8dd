"""The verdicts that mutants lead to, in words that tell a worker what to do. Pure."""

from collections.abc import Collection, Iterable, Sequence

from agentproxy.events.mutants import Mutant
from agentproxy.events.verdict import CheckVerdict, Location
from agentproxy.evidence.verdict_text import MAX_LOCATIONS, list_names

MAX_NAMED = 3


def proven_by_mutants(
    verdict: CheckVerdict,
    names: Collection[str],
    survivors: Sequence[Mutant],
    *,
    noticed: Sequence[Mutant],
) -> CheckVerdict:
    """The new tests check what the code does."""
    reason = f"the claim's tests {_share(noticed, survivors)}: {list_names(names)}"
    if survivors:
        reason += f"; they do not notice {_list(survivors)}"
    return verdict.model_copy(
        update={
            "finding": "proven",
            "reason_code": "mutants_noticed",
            "reason": reason,
            "fixable": True,
        }
    )


def some_survive(
    verdict: CheckVerdict,
    survivors: Sequence[Mutant],
    *,
    noticed: Sequence[Mutant],
    missed: Sequence[str],
) -> CheckVerdict:
    """The tests would pass on code with faults in it."""
    about = f"; none of them in {list_names(missed)}, which the task names" if missed else ""
    reason = (
        f"{verdict.reason}; the claim's tests {_share(noticed, survivors)}{about}. "
        f"They still pass with {_list(survivors)}. Check the results in the tests."
    )
    if not survivors:
        reason = (
            f"{verdict.reason}; the claim's tests notice no mutant by an assertion. Check the "
            "results in the tests."
        )
    places = tuple(
        Location(where=f"{each.path}:{each.line}", message=f"no test notices that {each.text}")
        for each in survivors[:MAX_LOCATIONS]
    )
    return verdict.model_copy(
        update={
            "reason_code": "mutants_survive",
            "reason": reason,
            "places": places,
            "fixable": True,
        }
    )


def name_unneeded(proven: CheckVerdict, unneeded: Sequence[Mutant]) -> CheckVerdict:
    """A proof, with the changed lines that could be otherwise."""
    reason = f"{proven.reason}; no test of the claim notices {_list(unneeded)}"
    return proven.model_copy(update={"reason": reason})


def too_few_ran(verdict: CheckVerdict, *, tried: int, of: int) -> CheckVerdict:
    """There was no time to see what the tests notice."""
    reason = (
        f"{verdict.reason}; the claim changes only tests, and the time was enough for {tried} of "
        f"{of} mutants of the code under test"
    )
    return verdict.model_copy(
        update={"reason_code": "tests_only", "reason": reason, "fixable": False}
    )


def _share(noticed: Sequence[Mutant], survivors: Sequence[Mutant]) -> str:
    functions = dict.fromkeys(each.function for each in (*noticed, *survivors))
    every = len(noticed) + len(survivors)
    return f"notice {len(noticed)} of {every} mutants of {list_names(functions)} by an assertion"


def _list(mutants: Iterable[Mutant]) -> str:
    every = list(mutants)
    shown = [f"{each.path}:{each.line} ({each.text})" for each in every[:MAX_NAMED]]
    more = len(every) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
