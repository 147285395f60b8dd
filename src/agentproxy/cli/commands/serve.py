"""`pa serve`, also as `pa-server`."""

import os
from importlib.util import find_spec

import click

from agentproxy.cli.failure import INFRASTRUCTURE, USAGE, Failure
from agentproxy.cli.options import WholeNumber, refuse_long
from agentproxy.cli.strict_command import StrictCommand

EXTRA = "pip install 'agentproxy[server,models]'"
MAX_HOST_BYTES = 255


@click.command("serve", cls=StrictCommand)
@click.option("--host", default="127.0.0.1", help="Address to listen on. Default: 127.0.0.1.")
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=8000,
    help="Port to listen on; 0 takes any free one. Default: 8000.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Another name under which the server is reached. Repeatable.",
)
@click.option(
    "--allow-dir",
    "allow_dirs",
    multiple=True,
    metavar="DIR",
    help="Folder in which clients may have tasks done. Repeatable. Default: this folder.",
)
def command(host: str, port: int, allow_hosts: tuple[str, ...], allow_dirs: tuple[str, ...]) -> int:  # noqa: PLR0917 # click calls it by name
    """Serve tasks and conversations over HTTP and WebSocket.

    Only this machine can reach it, unless --host names another address: then API_KEY must be set,
    or GOOGLE_CLIENT_ID and SIGN_IN_ALLOWED for people who sign in with Google.

    \b
    Examples:
      pa serve
      pa serve --port 9000
      API_KEY=... pa serve --host 0.0.0.0 --allow-host agents.example.com
      pa serve --allow-dir ~/projects
      curl -X POST http://127.0.0.1:8000/api/chat
    """
    for name in (host, *allow_hosts):
        refuse_long("--host", name, limit=MAX_HOST_BYTES)
    for folder in allow_dirs:
        refuse_long("--allow-dir", folder)
    missing = [name for name in ("fastapi", "uvicorn", "websockets") if find_spec(name) is None]
    if missing:
        raise Failure(f"{missing[0]} is not installed", cure=EXTRA, code=INFRASTRUCTURE)
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder
    from agentproxy.server.serve import CannotServe, ServeOptions, run_server

    options = ServeOptions(host=host, port=port, allow_hosts=allow_hosts, allow_dirs=allow_dirs)
    with as_failures():
        try:
            run_server(os.environ, current_folder(), options, say=click.echo)
        except CannotServe as error:
            raise Failure(str(error), cure=error.cure, code=USAGE) from error
    return 0
