"""The four wires, and a fifth in the form of the second, each at a scripted server."""

import asyncio

from support.model_server import Server

from agentproxy.events.conversation import Text, UserMessage
from agentproxy.models.deferred import DeferredModel
from agentproxy.models.names import find_model
from agentproxy.models.port import Fragment, ModelAnswer, Prompt, ToolSpec
from agentproxy.models.vendor import VendorModel

NAMES = {
    "anthropic": "claude-sonnet-4-6",
    "openai chat": "gpt-4o",
    "openai responses": "responses/gpt-4o",
    "gemini": "gemini/gemini-2.5-pro",
    "ollama": "ollama/llama3",
}
KEY = "sk-of-the-tests"
BASH = ToolSpec("bash", "Run it", {"type": "object", "properties": {"command": {"type": "string"}}})
ASK = Prompt(system="You fix.", messages=[UserMessage(parts=(Text(text="Fix it"),))], tools=[BASH])


def environ(server: Server) -> dict[str, str]:
    """The environment that leads every vendor's name to the server."""
    return {
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "GEMINI_API_KEY": KEY,
        "GEMINI_BASE_URL": server.url,
        "OLLAMA_API_KEY": KEY,
        "OLLAMA_BASE_URL": f"{server.url}/v1",
    }


def model(wire: str, server: Server, *, name: str = "") -> DeferredModel:
    """A model of that wire at the server; `name` for another than the usual one."""
    chosen = name or NAMES[wire]
    return DeferredModel(chosen, find_model(chosen, environ(server)))


def by_library(wire: str, server: Server, *, name: str = "") -> VendorModel:
    """The same model through the vendor's library, whichever way it is asked otherwise."""
    chosen = name or NAMES[wire]
    return VendorModel(chosen, find_model(chosen, environ(server)))


def ask(
    wire: str, server: Server, prompt: Prompt = ASK, *, name: str = ""
) -> tuple[ModelAnswer, list[Fragment]]:
    """One answer, and the fragments that were shown."""
    shown: list[Fragment] = []

    async def story() -> ModelAnswer:
        asked = model(wire, server, name=name)
        try:
            async with asyncio.timeout(20):
                return await asked.answer(prompt, show=shown.append)
        finally:
            await asked.close()

    return asyncio.run(story()), shown
