"""Serves the relay: adds the key to a worker's requests, and reserves and settles their price."""

import asyncio
import json
import secrets
import socket
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING

from agentproxy.events.conversation import Usage
from agentproxy.models.budget import Reservation
from agentproxy.models.key_redaction import KeyRedactor
from agentproxy.models.metered import Meter
from agentproxy.models.port import BudgetSpent
from agentproxy.models.relay.refusals import MONEY, SOCKET, wording
from agentproxy.models.relay.request_allowlist import RequestRefused
from agentproxy.models.relay.request_body import MAX_PARTS
from agentproxy.models.relay.upstream import (
    RelayTarget,
    UpstreamRequest,
    check_path,
    check_token,
    error_body,
    pass_on,
    shortened,
    usual_wire,
    wire_of,
)
from agentproxy.models.relay.usage import WireFormat
from agentproxy.net.listener import serve_connections
from agentproxy.net.request import Bounds, ClientGone, Malformed, RequestHead

if TYPE_CHECKING:
    from httpx2 import AsyncClient

    from agentproxy.models.relay.answer import Exchange
    from agentproxy.net.connection import Connection

ANSWER_PIECE_TIMEOUT_SECONDS = 600.0  # between two pieces of an answer
_NOTED = 50


class Relay:
    """One worker's access to its model. `parts` bounds the values of a body."""

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
        # The worker's key. It is worth nothing at the vendor.
        self._token = f"sk-relay-{secrets.token_hex(16)}"
        self._redactor = KeyRedactor(to.address.key, put=self._token)
        self._parts = parts
        # One body at a time: a parsed body takes many times its bytes of memory.
        self._parsing = asyncio.Lock()
        self._refused: dict[str, None] = {}
        # Questions whose money is reserved, and what tells that the next of them is settled.
        self._open = 0
        self._next_settled = asyncio.Event()
        # A request could not be paid, or an answer cost more than was left.
        self.out_of_money = False

    @property
    def refused(self) -> tuple[str, ...]:
        """The first refusals, and tools that were left out, each of them once."""
        return tuple(self._refused)

    def variables(self, at: str) -> Mapping[str, str]:
        return self._to.variables(at, token=self._token)

    async def serve(self, listener: socket.socket) -> None:
        """Serves until cancelled, then closes every connection and settles open questions.

        Raises:
            ExceptionGroup: a reservation or settlement could not be recorded.
        """
        from agentproxy.models.connections import new_client

        # The first question would wait for it. The worker's program still starts.
        await self._ledger.load_prices(self._to.name)
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
        # Returns whether another request may follow on the connection.
        try:
            head = await worker.head()
        except Malformed as error:
            await self._refuse(worker, error.status, str(error))
            return False
        if head is None:
            return False
        wire = wire_of(head, self._to.family)
        try:
            # The path comes first: a probe of another path is no wrong key.
            check_path(head, self._to)
            check_token(head, self._token)
            passing = await self._read(worker, head)
            for kind in passing.left_out:
                self._note(
                    head, f"the tool {json.dumps(kind[:60])} is left out: the vendor would run it"
                )
            return await self._paid(worker, passing, client, wire=wire)
        except (Malformed, RequestRefused) as error:
            if not isinstance(error, Malformed):
                self._note(head, str(error))
            await self._refuse(worker, error.status, str(error), wire=wire)
            return False
        except BudgetSpent as error:
            self.out_of_money = True
            message = f"this run cannot pay for the request: {error}; do not send it again"
            await self._refuse(worker, MONEY, message, wire=wire)
            return False

    async def _read(self, worker: "Connection", head: RequestHead) -> UpstreamRequest:
        content = await worker.body(head)
        async with self._parsing:
            return await asyncio.to_thread(pass_on, head, content, self._to, parts=self._parts)

    async def _reserve(self, passing: UpstreamRequest) -> Reservation | None:
        if passing.form is None:
            return None
        # What other questions have reserved comes back, most of it, once they are answered.
        while True:
            try:
                reservation = await self._ledger.reserve(passing.model, passing.need)
            except BudgetSpent:
                if not self._open:
                    raise
                await self._next_settled.wait()
            else:
                self._open += 1
                return reservation

    async def _settle(
        self, reservation: Reservation, used: Usage, *, error: str, estimated: bool
    ) -> None:
        try:
            await self._ledger.settle(reservation, used, error=error, estimated=estimated)
        finally:
            self._open -= 1
            self._next_settled.set()
            self._next_settled = asyncio.Event()
        self.out_of_money = self.out_of_money or self._ledger.overspent

    async def _within(
        self, passing: UpstreamRequest, reservation: Reservation | None
    ) -> UpstreamRequest:
        # With little money the answer is shorter than the worker asked for.
        if reservation is None or reservation.most >= passing.most:
            return passing
        try:
            async with self._parsing:
                return await asyncio.to_thread(shortened, passing, reservation.most)
        except BaseException:
            await self._settle(reservation, Usage(), error="it was not sent", estimated=False)
            raise

    async def _paid(
        self,
        worker: "Connection",
        passing: UpstreamRequest,
        client: "AsyncClient",
        *,
        wire: WireFormat,
    ) -> bool:
        from agentproxy.models.relay.answer import Exchange

        reservation = await self._reserve(passing)
        passing = await self._within(passing, reservation)
        exchange = Exchange(passing, wire=wire, redactor=self._redactor)
        end: bytes | None = b""
        try:
            async with asyncio.TaskGroup() as group:
                # Not while the end is sent: bytes after that are the next request.
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
                await self._refuse(worker, 502, exchange.failed, wire=wire)
            return False
        await worker.send(end)
        return worker.reusable

    async def _settled(
        self,
        answer: Coroutine[None, None, bytes],
        exchange: "Exchange",
        reservation: Reservation | None,
    ) -> bytes:
        error, cut = "the answer was interrupted", True
        try:
            end = await answer
            error, cut = exchange.error, bool(exchange.failed)
        finally:
            if exchange.whole:  # the worker may leave as soon as it has what it wants
                error, cut = "", False
            if reservation is not None:
                estimated = cut or not exchange.told
                await self._settle(reservation, exchange.used, error=error, estimated=estimated)
        return end

    async def _refuse(
        self, worker: "Connection", status: int, message: str, *, wire: WireFormat | None = None
    ) -> None:
        wire = wire or usual_wire(self._to.family)
        worded = wording(wire, status)
        # Clients of OpenAI and Anthropic obey this field. Any other refusal would repeat.
        again = {} if status in (408, 502, 503) else {"x-should-retry": "false"}
        await worker.refuse(
            worded.status,
            error_body(wire, worded, message),
            kind="application/json",
            more=again | ({"upgrade": "http/1.1"} if status == SOCKET else {}),
        )

    def _note(self, head: RequestHead, reason: str) -> None:
        if len(self._refused) < _NOTED:
            path = head.target.partition("?")[0][:100]
            self._refused[f"{head.method} {path}: {reason}"] = None
