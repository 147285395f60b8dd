"""The four wires: each vendor's library is imported only where its model is used."""

from httpx2 import AsyncClient
from pydantic_ai.models import Model as Wire

from agentproxy.models.names import Address


def build_wire(address: Address, client: AsyncClient) -> Wire:
    """The library's model for an address, over a client that the caller closes.

    Blocking: it imports the vendor's own library.
    """
    match address.wire:
        case "anthropic":
            return _anthropic(address, client)
        case "openai chat":
            return _openai_chat(address, client)
        case "openai responses":
            return _openai_responses(address, client)
        case "gemini":
            return _gemini(address, client)


def _anthropic(address: Address, client: AsyncClient) -> Wire:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    provider = AnthropicProvider(
        api_key=address.key, base_url=address.base or None, http_client=client
    )
    return AnthropicModel(address.model, provider=provider)


def _openai_chat(address: Address, client: AsyncClient) -> Wire:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    if address.vendor == "openai":
        provider = OpenAIProvider(
            api_key=address.key, base_url=address.base or None, http_client=client
        )
        return OpenAIChatModel(address.model, provider=provider)
    compatible = OpenAICompatibleProvider(
        address.vendor, base_url=address.base, api_key=address.key, http_client=client
    )
    return OpenAIChatModel(address.model, provider=compatible)


def _openai_responses(address: Address, client: AsyncClient) -> Wire:
    from pydantic_ai.models.openai import OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(
        api_key=address.key, base_url=address.base or None, http_client=client
    )
    return OpenAIResponsesModel(address.model, provider=provider)


def _gemini(address: Address, client: AsyncClient) -> Wire:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    provider = GoogleProvider(
        api_key=address.key, base_url=address.base or None, http_client=client
    )
    return GoogleModel(address.model, provider=provider)
