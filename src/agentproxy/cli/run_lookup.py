"""Opens the house for a command that only looks or submits, and finds the run that is meant."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from agentproxy.app.context import House, open_house
from agentproxy.app.queries import find_run
from agentproxy.cli.cleaning import clean
from agentproxy.cli.faults import as_failures
from agentproxy.config.mistakes import BadFile
from agentproxy.events.envelope import RunId
from agentproxy.workspace.git.repository import RepositoryUnusable, open_repository

Found = TypeVar("Found")


def in_house(look: Callable[[House], Awaitable[Found]]) -> Found:
    """What the look finds."""

    async def inside() -> Found:
        async with open_house(os.environ, Path.cwd(), forgive=note) as house:
            return await look(house)

    with as_failures():
        return asyncio.run(inside())


def note(error: BadFile) -> None:
    """Say what is wrong with a `.env` that a look can do without."""
    click.echo(f"pa: {clean(str(error))}; it does not count here", err=True)


def with_run(given: str, look: Callable[[House, RunId], Awaitable[Found]]) -> Found:
    """What the look finds of the run that `given` begins; "" is the newest of this repository."""

    async def inside(house: House) -> Found:
        return await look(house, await meant(house, given))

    return in_house(inside)


async def meant(house: House, given: str) -> RunId:
    """The run that is meant.

    Raises:
        NoSuchRun: none is, or several are.
    """
    repository = ""
    if not given:
        try:
            repository = str((await open_repository(house.directory)).root)
        except RepositoryUnusable:
            repository = "\0"
    return await find_run(house.journal, given, repository=repository)
