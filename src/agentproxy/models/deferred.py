"""A vendor's model whose library is imported when the model is first asked."""

import asyncio

from agentproxy.models.names import ModelAddress
from agentproxy.models.port import Model, ModelAnswer, ModelRefused, Prompt, Show


class DeferredModel:
    """A `Model` at an address."""

    def __init__(self, name: str, address: ModelAddress) -> None:
        self._name = name
        self._address = address
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
        return VendorModel(self._name, self._address)
