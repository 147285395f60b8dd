"""A model that cannot be asked, and says why."""

from agentproxy.models.port import ModelAnswer, ModelRefused, Prompt, Show


class UnusableModel:
    """A `Model` whose every answer is the same refusal."""

    def __init__(self, name: str, refusal: ModelRefused) -> None:
        self._name = name
        self._refusal = refusal

    @property
    def name(self) -> str:
        return self._name

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """Raises ModelRefused."""
        del prompt, show
        raise ModelRefused(str(self._refusal), cure=self._refusal.cure)

    async def close(self) -> None:
        """Nothing is open."""
