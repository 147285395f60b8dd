"""A vendor's model whose library is imported when the model is first asked."""

import asyncio
import threading
from typing import TYPE_CHECKING

from agentproxy.models.names import ModelAddress
from agentproxy.models.port import Model, ModelAnswer, ModelRefused, Prompt, Show

if TYPE_CHECKING:
    from agentproxy.models.wire_pool import WirePool


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

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """See `Model`. Also raises ModelRefused if the vendor's library is not installed."""
        if self._model is None:
            # In a thread: the import takes one or two seconds.
            self._model = await asyncio.to_thread(self._load)
        return await self._model.answer(prompt, show=show)

    async def close(self) -> None:
        if self._model is not None:
            await self._model.close()

    def _load(self) -> Model:
        try:
            from agentproxy.models.vendor import VendorModel
        except ImportError as error:
            raise ModelRefused(
                f"the vendors' libraries are not installed: {error.name} is missing",
                cure="pip install 'agentproxy[models]'",
            ) from error
        pool = self._shared.pool() if self._shared is not None else None
        return VendorModel(self._name, self._address, pool=pool)


class SharedLines:
    """The clients of many models, made when the first of them is asked."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._pool: WirePool | None = None

    def pool(self) -> "WirePool":
        """Blocking: the first call imports a library. Raises ImportError."""
        from agentproxy.models.wire_pool import WirePool

        with self._lock:
            self._pool = self._pool or WirePool(self._seconds)
            return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
