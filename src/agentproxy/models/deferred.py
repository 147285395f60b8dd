"""A vendor's model whose library is imported when the model is first asked."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from agentproxy.models.names import ModelAddress
from agentproxy.models.pace import Pace
from agentproxy.models.port import Model, ModelAnswer, ModelRefused, Prompt, Show

# A client looks at all of its connections whenever a question begins and ends.
TOGETHER = 64  # conversations for each client
MOST_CLIENTS = 16

if TYPE_CHECKING:
    from httpx2 import AsyncClient

    from agentproxy.models.wire_pool import WirePool


def is_hot(address: ModelAddress) -> bool:
    """Whether our own reader and writer serve an address, and not the vendors' libraries."""
    # The library knows what is peculiar to the families behind a name such as "qwen/qwen3".
    plain = "/" not in address.model
    return address.wire == "anthropic" or (address.wire == "openai chat" and plain)


class DeferredModel:
    """A `Model` at an address. Those of one `shared` line share their client."""

    def __init__(
        self, name: str, address: ModelAddress, *, shared: "SharedLines | None" = None
    ) -> None:
        self._name = name
        self._address = address
        self._shared = shared
        self._model: Model | None = None

    @property
    def name(self) -> str:
        return self._name

    def answer(self, prompt: Prompt, *, show: Show) -> Coroutine[Any, Any, ModelAnswer]:
        """See `Model`. Also raises ModelRefused if a library that it needs is not installed."""
        if self._model is None and self._is_warm:
            self._model = self._load()
        if self._model is None:
            return self._loaded_answer(prompt, show)
        # No call of ours stays beside the stream.
        return self._model.answer(prompt, show=show)

    async def _loaded_answer(self, prompt: Prompt, show: Show) -> ModelAnswer:
        # In a thread: the import of a vendor's library takes one or two seconds.
        self._model = await asyncio.to_thread(self._load)
        return await self._model.answer(prompt, show=show)

    async def close(self) -> None:
        if self._model is not None:
            await self._model.close()

    @property
    def _is_warm(self) -> bool:
        return self._shared is not None and self._shared.is_warm and is_hot(self._address)

    def _load(self) -> Model:
        try:
            return self._hot() if is_hot(self._address) else self._by_library()
        except ImportError as error:
            raise ModelRefused(
                f"the vendors' libraries are not installed: {error.name} is missing",
                cure="pip install 'agentproxy[models]'",
            ) from error

    def _hot(self) -> Model:
        from agentproxy.models.hot_wires.model import HotModel

        if self._shared is None:
            return HotModel(self._name, self._address)
        shared, pace = self._shared.client(), self._shared.pace
        return HotModel(self._name, self._address, shared=shared, pace=pace)

    def _by_library(self) -> Model:
        from agentproxy.models.vendor import VendorModel

        pool = self._shared.pool() if self._shared is not None else None
        return VendorModel(self._name, self._address, pool=pool)


class SharedLines:
    """The clients of many models, made when the first of them is asked, for one event loop."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds  # bounds the wait for the next bytes
        self.pace = Pace()
        self._lock = threading.Lock()
        self._clients: list[AsyncClient] = []
        self._given = 0
        self._pool: WirePool | None = None

    @property
    def is_warm(self) -> bool:
        """Whether the hot wires have all that they need."""
        return bool(self._clients)

    def load(self, address: ModelAddress) -> None:
        """Blocking: the first call imports libraries. Raises ImportError or ModelRefused."""
        if is_hot(address):
            self.client()
        else:
            self.pool().wire(address)

    def client(self) -> "AsyncClient":
        """Returns a client of the hot wires. The first call blocks.

        Raises ImportError or ModelRefused.
        """
        from agentproxy.models.connections import new_client
        from agentproxy.models.hot_wires import model as model

        with self._lock:
            clients = self._clients  # `close` may take it away at any moment
            if len(clients) <= min(self._given // TOGETHER, MOST_CLIENTS - 1):
                # Every conversation may wait for an answer at the same time.
                clients.append(new_client(seconds=self._seconds, connections=None))
            self._given += 1
            return clients[self._given % len(clients)]

    def pool(self) -> "WirePool":
        """Returns the clients of the other wires. Blocking. Raises ImportError."""
        from agentproxy.models.wire_pool import WirePool

        with self._lock:
            self._pool = self._pool or WirePool(self._seconds)
            return self._pool

    async def close(self) -> None:
        clients, self._clients = self._clients, []
        for client in clients:
            await client.aclose()
        if self._pool is not None:
            await self._pool.close()
