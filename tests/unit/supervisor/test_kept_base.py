"""When a run looks a second time at what its base's results depend on."""

import asyncio
from pathlib import Path
from typing import cast

import pytest
from support.story import PREPARED, TESTS, after, ran

from agentproxy.events.check import BASE, CheckFinished, CheckResult
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.kept_results import KeptResults
from agentproxy.supervisor.kept_base import KeptBase

GREEN = CheckResult(exit_code=0, ending="exited", seconds=1.0)


def base_was(*results: CheckFinished, store: KeptResults) -> None:
    """Ends a run with these results of its base, where a look at the surroundings is a fault."""
    kept = KeptBase(store, product="0", run="r2", keys={TESTS.name: "key"})
    no_look = cast("CheckContext", None)
    state = after(*PREPARED, *results)
    asyncio.run(kept.forget(state))
    asyncio.run(kept.keep(state, no_look))


def taken_over() -> CheckFinished:
    fact = ran(BASE, passed=True)
    result = fact.result.model_copy(update={"taken_from": "r1"})
    return fact.model_copy(update={"result": result})


@pytest.mark.parametrize(
    ("results", "stays"),
    [
        ((taken_over(),), True),
        ((), True),
        ((taken_over(), ran(BASE, passed=False, attempt=2)), False),
        ((ran(BASE, passed=False),), False),
    ],
    ids=["taken over", "did not run", "taken over, then red", "red"],
)
def test_where_nothing_is_to_be_kept_nobody_looks_again(
    tmp_path: Path, results: tuple[CheckFinished, ...], stays: bool
) -> None:
    store = KeptResults(tmp_path)
    store.keep("key", GREEN, run="r1", looked_at=1.0)
    base_was(*results, store=store)
    assert (store.find("key") is not None) is stays


def test_what_really_ran_needs_the_second_look(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        base_was(ran(BASE, passed=True), store=KeptResults(tmp_path))
