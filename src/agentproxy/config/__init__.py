"""Settings from the environment, .env and agentproxy.toml; read at the edges, passed down."""
