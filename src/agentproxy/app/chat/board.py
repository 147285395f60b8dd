"""The board of a workspace, as teammates take tasks from it."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from agentproxy.events.board import BoardTask
from agentproxy.tools.board.graph import BoardError
from agentproxy.tools.board.store import Board


@dataclass(frozen=True, slots=True)
class WorkspaceBoard:
    """Takes and gives back. A board that cannot be used now is looked at again soon."""

    board: Board

    async def claim(self, owner: str, *, run: str, had: Collection[int]) -> BoardTask | None:
        with suppress(BoardError):
            return await self.board.claim(owner, run=run, had=had)
        return None

    async def release(self, owner: str, *, run: str) -> None:
        with suppress(BoardError):
            await self.board.release(owner, run=run)
