"""Runs a check on the base or on a claim, and records what came out."""

import asyncio
from collections.abc import Awaitable, Callable

from agentproxy.events.check import CheckFinished, CheckStarted
from agentproxy.events.envelope import Fact
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.check_runner import run_check
from agentproxy.supervisor.building import environment_of
from agentproxy.supervisor.effects import RunCheck
from agentproxy.supervisor.state import BASE, State

TIMEOUT_FACTOR = 3.0  # at the claim, a check may take this many times what it took at the base


async def perform_check(
    effect: RunCheck,
    *,
    state: State,
    ground: CheckContext,
    record: Callable[[Fact], Awaitable[None]],
    show: Callable[[str, str], None],
    at_once: asyncio.Semaphore,
) -> None:
    """Wait for a turn, run the check, record the result."""
    async with at_once:
        check = effect.check
        commit = state.commit_of(effect.on)
        if effect.on != BASE:
            before = state.results.get((check.name, BASE), [])
            slowest = max((result.seconds for result in before), default=0.0)
            check = check.model_copy(
                update={"timeout": max(check.timeout, TIMEOUT_FACTOR * slowest)}
            )
        environment = await environment_of(effect.on, state=state, ground=ground, show=show)
        started = CheckStarted(check=check.name, on=effect.on, attempt=effect.attempt)
        await record(started)
        result = await run_check(
            check,
            commit=commit,
            environment=environment,
            ground=ground,
            on_output=lambda text: show(f"{check.name} on {effect.on}", text),
        )
        await record(
            CheckFinished(check=check.name, on=effect.on, attempt=effect.attempt, result=result)
        )
