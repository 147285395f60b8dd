"""The socket of a conversation: what its clients send, and what they are told."""
