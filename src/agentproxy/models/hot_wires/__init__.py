"""Our own readers and writers of the two hot wires: Anthropic's messages and OpenAI's chat."""
