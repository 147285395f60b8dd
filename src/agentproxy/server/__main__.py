"""`python -m agentproxy.server` is `pa-server`."""

from importlib import import_module

if __name__ == "__main__":
    # The command line stands above the server, as in an installed script it is found by its name.
    import_module("agentproxy.cli.main").serve()
