"""An answer in front of every route, to somebody who may still be sending."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from starlette.types import Receive, Send

MAX_DRAINED_BYTES = 8 << 20
DRAIN_SECONDS = 2.0
ASKS_FOR = (b"www-authenticate", b"Bearer")


class EarlyAnswer(NamedTuple):
    """An answer that is given before a route is looked for."""

    status: int
    text: str
    wait: int = 0  # seconds until the same request may be sent again


async def answer_early(
    receive: Receive,
    send: Send,
    answer: EarlyAnswer,
    *,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answers {detail}, or nothing for an empty text. The connection of a refusal ends with it."""
    status, text, wait = answer
    body = json.dumps({"detail": text}).encode() if text else b""
    fields = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    if status == 401:
        fields.append(ASKS_FOR)
    if wait:
        fields.append((b"retry-after", str(wait).encode()))
    if status >= 400:
        fields.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    # A connection that is closed with unread bytes is reset: the client would not see the answer.
    await _drain(receive)
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    """Reads the rest of a body, as long as it is short and comes soon."""
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while read < MAX_DRAINED_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
