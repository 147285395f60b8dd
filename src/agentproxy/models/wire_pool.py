"""Vendors' clients that many models of a process share: each costs 20 ms and half a megabyte."""

import asyncio
import threading
from dataclasses import dataclass, field

from httpx2 import AsyncClient
from pydantic_ai.models import Model as Wire

from agentproxy.models.connections import new_client
from agentproxy.models.names import ModelAddress
from agentproxy.models.wires import build_wire


@dataclass
class WirePool:
    """One client and wire for each address. One event loop uses them."""

    seconds: float  # bounds the wait for the next bytes
    _open: dict[ModelAddress, tuple[AsyncClient, Wire]] = field(
        default_factory=dict[ModelAddress, tuple[AsyncClient, Wire]]
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wire(self, address: ModelAddress) -> Wire:
        """Returns the wire to an address. Blocking: the first call imports the vendor's library.

        Raises ModelRefused.
        """
        with self._lock:
            found = self._open.get(address)
            if found is None:
                # Every conversation may wait for an answer at the same time.
                client = new_client(seconds=self.seconds, connections=None)
                found = self._open[address] = (client, build_wire(address, client))
            return found[1]

    async def close(self) -> None:
        clients = [client for client, _ in self._open.values()]
        self._open.clear()
        await asyncio.gather(*(client.aclose() for client in clients), return_exceptions=True)
