"""Both sandboxes, and how a test speaks with a process in one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

import pytest

from agentproxy.workspace.sandbox.detect import choose_sandbox
from agentproxy.workspace.sandbox.port import Job, Process, Sandbox

T = TypeVar("T")


@pytest.fixture(params=["auto", "plain"])
def box(request: pytest.FixtureRequest) -> Sandbox:
    level: Literal["auto", "plain"] = request.param
    return asyncio.run(choose_sandbox(level))


def talk(box: Sandbox, job: Job, say: Callable[[Process], Awaitable[T]]) -> T:
    async def limited() -> T:
        async with asyncio.timeout(60), box.open(job) as process:
            return await say(process)

    return asyncio.run(limited())
