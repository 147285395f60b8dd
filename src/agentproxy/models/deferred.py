"""A vendor's model that is loaded when it is first asked: its library takes a second or two."""

import asyncio

from agentproxy.models.names import ModelAddress
from agentproxy.models.port import Model, ModelAnswer, ModelRefused, Prompt, Show


class DeferredModel:
    """A `Model` at an address. The library is imported in a thread, at the first question."""

    def __init__(self, name: str, address: ModelAddress) -> None:
        self._name = name
        self._address = address
        self._model: Model | None = None

    @property
    def name(self) -> str:
        """The name that it was chosen by."""
        return self._name

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """One answer. Raises ModelRefused also where the library is not installed."""
        if self._model is None:
            self._model = await asyncio.to_thread(self._load)
        return await self._model.answer(prompt, show=show)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._model is not None:
            await self._model.close()

    def _load(self) -> Model:
        try:
            from agentproxy.models.vendor import VendorModel
        except ImportError as error:
            raise ModelRefused(
                f"the libraries of the vendors are not installed ({error.name})",
                cure="pip install 'agentproxy[models]'",
            ) from error
        return VendorModel(self._name, self._address)
