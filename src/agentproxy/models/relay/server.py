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
from agentproxy.models.relay.http import Bounds, ClientGone, Connection, Malformed, RequestHead
from agentproxy.models.relay.request_allowlist import RequestRefused
from agentproxy.models.relay.upstream import (
    RelayTarget,
    UpstreamRequest,
    check_path,
    check_token,
    error_body,
    pass_on,
)

if TYPE_CHECKING:
    from httpx2 import AsyncClient

    from agentproxy.models.relay.answer import Exchange

ANSWER_PIECE_TIMEOUT_SECONDS = 600.0  # between two pieces of an answer
_NOTED = 50


class Relay:
    """One worker's way to its model. The worker is told an address and a key of no worth elsewhere.

    `out_of_money` is whether a request was refused because the money did not pay for it.
    """

    def __init__(self, to: RelayTarget, *, meter: Meter, bounds: Bounds | None = None) -> None:
        self._to = to
        self._till = meter.till("work")
        self._bounds = bounds or Bounds()
        self._token = f"sk-relay-{secrets.token_hex(16)}"
        self._refused: dict[str, None] = {}
        self._open = 0
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

        loop = asyncio.get_running_loop()
        listener.settimeout(0)
        async with (
            new_client(seconds=ANSWER_PIECE_TIMEOUT_SECONDS) as client,
            asyncio.TaskGroup() as group,
        ):
            while True:
                try:
                    connection, _ = await loop.sock_accept(listener)
                except OSError:  # out of descriptors, or the client is gone again
                    await asyncio.sleep(0.05)
                    continue
                group.create_task(self._admit(connection, client))

    async def _admit(self, connection: socket.socket, client: "AsyncClient") -> None:
        self._open += 1
        try:
            with connection:
                worker = Connection(connection, self._bounds)
                if self._open > self._bounds.connections:
                    await self._refuse(worker, 503, "too many connections")
                else:
                    while await self._next(worker, client):
                        pass
        except ClientGone:
            return
        finally:
            self._open -= 1

    async def _next(self, worker: Connection, client: "AsyncClient") -> bool:
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
            content = await worker.body(head)
            passing = await asyncio.to_thread(pass_on, head, content, self._to)
            return await self._paid(worker, head, passing=passing, client=client)
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

    async def _paid(
        self,
        worker: Connection,
        head: RequestHead,
        *,
        passing: UpstreamRequest,
        client: "AsyncClient",
    ) -> bool:
        from agentproxy.models.relay.answer import Exchange

        bill = await self._till.reserve(self._to.name, passing.need) if passing.form else None
        exchange = Exchange(passing, head, to=self._to, token=self._token)
        end: bytes | None = b""
        try:
            async with asyncio.TaskGroup() as group:
                # Not while the end is sent: what comes after it is the next request.
                watching = group.create_task(worker.hung_up())
                try:
                    end = await self._settled(exchange.run(client, worker), exchange, bill)
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
        return head.keeps

    async def _settled(
        self, answer: Coroutine[None, None, bytes], exchange: "Exchange", bill: Reservation | None
    ) -> bytes:
        """The end of an answer; what it used is recorded, however it ends."""
        error, cut = "it was cut off here", True
        try:
            end = await answer
            error, cut = exchange.error, bool(exchange.failed)
        finally:
            if bill is not None:
                estimated = cut or not exchange.told
                await self._till.settle(bill, exchange.used, error=error, estimated=estimated)
        return end

    async def _refuse(self, worker: Connection, status: int, message: str) -> None:
        from agentproxy.models.relay.answer import refusal_head

        body = error_body(self._to.family, status, message)
        again = {} if status in (408, 502, 503) else {"x-should-retry": "false"}
        await worker.send(refusal_head(status, body, keeps=False, more=again))
        await worker.linger()

    def _note(self, head: RequestHead, reason: str) -> None:
        if len(self._refused) < _NOTED:
            path = head.target.partition("?")[0][:100]
            self._refused[f"{head.method} {path}: {reason}"] = None
