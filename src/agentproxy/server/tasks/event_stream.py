"""Server-sent events: each record goes out at once, and a client that does not read is let go."""

import asyncio
import json
from collections.abc import AsyncGenerator

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from agentproxy.server.tasks.task_records import Record

SEND_SECONDS = 20.0  # for one record
SIGN_OF_LIFE = b": still here\n\n"


class EventStream(StreamingResponse):
    """The answer ends with its records, or when the client leaves."""

    # The library reads the status of the description from the signature.
    def __init__(self, records: AsyncGenerator[Record | None], status_code: int = 200) -> None:
        # The second header keeps a proxy from collecting what should arrive at once.
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__((), status_code, headers, "text/event-stream")
        self._records = records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        sending = asyncio.create_task(self._send_all(send))
        leaving = asyncio.create_task(_until_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            ends = await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._records.aclose()
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, TimeoutError | OSError):
                raise end

    async def _send_all(self, send: Send) -> None:
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        async for record in self._records:
            data = SIGN_OF_LIFE if record is None else _encoded(record)
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _encoded(record: Record) -> bytes:
    return f"id: {record['event_id']}\ndata: {json.dumps(record)}\n\n".encode()
