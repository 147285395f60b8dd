"""Reading a file of a workspace for a client that may go away."""

import asyncio
import os
from io import FileIO

import pytest

from agentproxy.server.workspace.workspace_files import OpenFile, pieces_of


def test_a_file_stays_open_while_a_thread_reads_it_although_its_client_is_gone() -> None:
    reading, writing = os.pipe()

    async def scenario() -> None:
        file = OpenFile("a", "a", FileIO(reading), 10)
        task = asyncio.ensure_future(anext(pieces_of(file)))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)
        left_open = not file.data.closed
        os.close(writing)  # the thread's read ends
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (left_open, file.data.closed) == (True, True)

    asyncio.run(scenario())
