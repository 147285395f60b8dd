"""The model relay: a worker asks its model through us, without the key, and what it uses is paid.

It serves a listener that nobody but the worker should reach, and passes on the requests of one
model. The key is put on here, the price is reserved here, and no answer passes uncounted.
"""

import asyncio
import secrets
import socket
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING

from agentproxy.models.budget import Reservation
from agentproxy.models.metered import Meter
from agentproxy.models.port import BudgetSpent
from agentproxy.models.relay.key_redaction import KeyRedactor
from agentproxy.models.relay.request_allowlist import RequestRefused
from agentproxy.models.relay.request_body import MAX_PARTS
from agentproxy.models.relay.upstream import (
    RelayTarget,
    UpstreamRequest,
    check_path,
    check_token,
    error_body,
    pass_on,
)
from agentproxy.net.listener import serve_connections
from agentproxy.net.request import Bounds, ClientGone, Malformed, RequestHead

if TYPE_CHECKING:
    from httpx2 import AsyncClient

    from agentproxy.models.relay.answer import Exchange
    from agentproxy.net.connection import Connection

ANSWER_PIECE_TIMEOUT_SECONDS = 600.0  # between two pieces of an answer
_NOTED = 50


class Relay:
    """One worker's way to its model. The worker is told an address and a key of no worth elsewhere.

    `out_of_money` is whether the money did not pay for a request, or an answer cost more than was
    left. `parts` bounds the values of a body.
    """

    def __init__(
        self,
        to: RelayTarget,
        *,
        meter: Meter,
        bounds: Bounds | None = None,
        parts: int = MAX_PARTS,
    ) -> None:
        self._to = to
        self._ledger = meter.ledger("work")
        self._bounds = bounds or Bounds()
        self._token = f"sk-relay-{secrets.token_hex(16)}"
        self._redactor = KeyRedactor(to.address.key, put=self._token)
        self._parts = parts
        # One at a time: a body that is parsed takes many times its bytes.
        self._parsing = asyncio.Lock()
        self._refused: dict[str, None] = {}
        self.out_of_money = False

    @property
    def refused(self) -> tuple[str, ...]:
        """The first refusals, each once, in words."""
        return tuple(self._refused)

    def variables(self, at: str) -> Mapping[str, str]:
        """What a worker has to know where this is served at an address."""
        return self._to.variables(at, token=self._token)

    async def serve(self, listener: socket.socket) -> None:
        """Serve until cancelled; every connection ends with it, and what was open is settled.

        Raises:
            ExceptionGroup: what was asked or used could not be recorded.
        """
        from agentproxy.models.connections import new_client

        async with new_client(seconds=ANSWER_PIECE_TIMEOUT_SECONDS) as client:

            async def answer(worker: "Connection") -> None:
                while await self._next(worker, client):
                    pass

            await serve_connections(
                listener, answer, refuse=self._refuse_another, bounds=self._bounds
            )

    async def _refuse_another(self, worker: "Connection") -> None:
        await self._refuse(worker, 503, "too many connections")

    async def _next(self, worker: "Connection", client: "AsyncClient") -> bool:
        """Answer one request; whether another may follow."""
        try:
            head = await worker.head()
        except Malformed as error:
            await self._refuse(worker, error.status, str(error))
            return False
        if head is None:
            return False
        try:
            check_token(head, self._token)
            check_path(head, self._to)
            passing = await self._read(worker, head)
            return await self._paid(worker, passing, client)
        except (Malformed, RequestRefused) as error:
            if not isinstance(error, Malformed):
                self._note(head, str(error))
            await self._refuse(worker, error.status, str(error))
            return False
        except BudgetSpent as error:
            self.out_of_money = True
            await self._refuse(
                worker, 402, f"the money of this run is spent: {error}; do not ask again"
            )
            return False

    async def _read(self, worker: "Connection", head: RequestHead) -> UpstreamRequest:
        content = await worker.body(head)
        async with self._parsing:
            return await asyncio.to_thread(pass_on, head, content, self._to, parts=self._parts)

    async def _paid(
        self, worker: "Connection", passing: UpstreamRequest, client: "AsyncClient"
    ) -> bool:
        from agentproxy.models.relay.answer import Exchange

        reservation = (
            await self._ledger.reserve(self._to.name, passing.need) if passing.form else None
        )
        exchange = Exchange(passing, family=self._to.family, redactor=self._redactor)
        end: bytes | None = b""
        try:
            async with asyncio.TaskGroup() as group:
                # Not while the end is sent: what comes after it is the next request.
                watching = group.create_task(worker.until_gone())
                try:
                    end = await self._settled(exchange.run(client, worker), exchange, reservation)
                finally:
                    watching.cancel()
        except* ClientGone:
            end = None
        if end is None:
            return False
        if exchange.failed:
            if not exchange.begun:
                await self._refuse(worker, 502, exchange.failed)
            return False
        await worker.send(end)
        return worker.reusable

    async def _settled(
        self,
        answer: Coroutine[None, None, bytes],
        exchange: "Exchange",
        reservation: Reservation | None,
    ) -> bytes:
        """The end of an answer; what it used is recorded, however it ends."""
        error, cut = "it was cut off here", True
        try:
            end = await answer
            error, cut = exchange.error, bool(exchange.failed)
        finally:
            if reservation is not None:
                estimated = cut or not exchange.told
                await self._ledger.settle(
                    reservation, exchange.used, error=error, estimated=estimated
                )
                self.out_of_money = self.out_of_money or self._ledger.overspent
        return end

    async def _refuse(self, worker: "Connection", status: int, message: str) -> None:
        body = error_body(self._to.family, status, message)
        again = {} if status in (408, 502, 503) else {"x-should-retry": "false"}
        await worker.refuse(status, body, kind="application/json", more=again)

    def _note(self, head: RequestHead, reason: str) -> None:
        if len(self._refused) < _NOTED:
            path = head.target.partition("?")[0][:100]
            self._refused[f"{head.method} {path}: {reason}"] = None
