"""`python -m agentproxy` is `pa`."""

from agentproxy.cli.main import main

if __name__ == "__main__":
    main()
