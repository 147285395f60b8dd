"""A model of each hot wire, and a stream with which its vendor answers."""

from support import anthropic_streams, chat_streams

MODELS = {
    "anthropic": "claude-sonnet-4-6",
    "openai chat": "gpt-4o",
    "ollama": "ollama/llama3",
}
HELLO = chat_streams.STREAMS["text in pieces"]
OK = {
    "anthropic": anthropic_streams.STREAMS["text in pieces"],
    "openai chat": HELLO,
    "ollama": HELLO,
}
