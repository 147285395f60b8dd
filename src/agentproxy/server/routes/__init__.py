"""The routes, by face."""
