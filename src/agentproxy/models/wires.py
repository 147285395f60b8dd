"""Builds the library's model for each of the four wires."""

from typing import TYPE_CHECKING, Any

from httpx2 import AsyncClient
from pydantic_ai.models import Model as Wire

from agentproxy.models.incremental_encoding import with_encoded_body
from agentproxy.models.names import ModelAddress

if TYPE_CHECKING:
    from openai import AsyncOpenAI


def build_wire(address: ModelAddress, client: AsyncClient) -> Wire:
    """Returns the library's model for an address. The caller closes the client.

    Blocking: it imports the vendor's library.
    """
    # Imports are inside the functions: the three libraries together take 1.5 s and 128 MB.
    match address.wire:
        case "anthropic":
            return _anthropic(address, client)
        case "openai chat":
            return _openai_chat(address, client)
        case "openai responses":
            return _openai_responses(address, client)
        case "gemini":
            return _gemini(address, client)


def _anthropic(address: ModelAddress, client: AsyncClient) -> Wire:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    own = AsyncAnthropic(
        api_key=address.key, base_url=address.base or None, http_client=client, max_retries=0
    )
    return AnthropicModel(address.model, provider=AnthropicProvider(anthropic_client=own))


def _openai_client(address: ModelAddress, client: AsyncClient) -> "AsyncOpenAI":
    from openai import AsyncOpenAI

    class WireClient(AsyncOpenAI):
        async def post(self, path: str, **arguments: Any) -> Any:  # noqa: ANN401 - as overloaded
            return await super().post(path, **with_encoded_body(arguments))

    # openai refuses to start without a key.
    key = address.key or "none"
    return WireClient(api_key=key, base_url=address.base or None, http_client=client, max_retries=0)


def _openai_chat(address: ModelAddress, client: AsyncClient) -> Wire:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    own = _openai_client(address, client)
    if address.vendor == "openai":
        return OpenAIChatModel(address.model, provider=OpenAIProvider(openai_client=own))
    compatible = OpenAICompatibleProvider(address.vendor, openai_client=own)
    return OpenAIChatModel(address.model, provider=compatible)


def _openai_responses(address: ModelAddress, client: AsyncClient) -> Wire:
    from pydantic_ai.models.openai import OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    own = _openai_client(address, client)
    return OpenAIResponsesModel(address.model, provider=OpenAIProvider(openai_client=own))


def _gemini(address: ModelAddress, client: AsyncClient) -> Wire:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    provider = GoogleProvider(
        api_key=address.key, base_url=address.base or None, http_client=client
    )
    return GoogleModel(address.model, provider=provider)
