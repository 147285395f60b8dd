"""Which worker an order means, and building it."""

import json
from pathlib import Path

from agentproxy.app.choosing import chosen_worker, worker_tables
from agentproxy.app.house import House
from agentproxy.app.models import open_models
from agentproxy.events.run import Order
from agentproxy.models.metered import Meter, MeteredModel
from agentproxy.workers.builtin import BuiltinWorker
from agentproxy.workers.command import CommandWorker, Grants
from agentproxy.workers.port import Worker, WorkerError
from agentproxy.workers.program import Program
from agentproxy.workers.scripted import ScriptedWorker, read_script
from agentproxy.workspace.sandbox import Sandbox

HOW = (
    "name one: --worker 'command:PROGRAM ARGUMENTS' for any program that reads a brief on "
    "standard input, or a [worker.NAME] of your configuration"
)


def hire(order: Order, *, house: House, sandbox: Sandbox, meter: Meter | None = None) -> Worker:
    """The worker of an order; `meter` is what its model is paid with, None only to try it.

    Raises:
        WorkerError: there is none of that name, or it cannot work.
    """
    started_in = Path(order.repository) / order.directory
    tables = worker_tables(order, house)
    name = order.worker or chosen_worker(order, house)
    if not name:
        raise WorkerError("no worker is chosen", cure=HOW)
    kind, _, rest = name.partition(":")
    if kind == "command" and rest.strip():
        return _command(name, rest, started_in=started_in, house=house, sandbox=sandbox)
    if kind == "scripted" and rest.strip():
        file = (started_in / Path(rest).expanduser()).resolve()
        return ScriptedWorker(name, read_script(file))
    if name == "builtin":
        models = open_models(order.model, house=house, started_in=started_in)
        model = MeteredModel(models, purpose="work", meter=meter) if meter else models[0]
        return BuiltinWorker(model, sandbox=sandbox)
    table = tables.get(name)
    if table is None or not table.command:
        known = ", ".join(sorted(tables)) or "none"
        raise WorkerError(f"there is no worker {json.dumps(name)} (configured: {known})", cure=HOW)
    grants = Grants(hosts=table.hosts, env=table.env, home=table.home, paths=table.paths)
    return _command(
        name, table.command, started_in=started_in, house=house, sandbox=sandbox, grants=grants
    )


def _command(
    name: str,
    command: str,
    *,
    started_in: Path,
    house: House,
    sandbox: Sandbox,
    grants: Grants | None = None,
) -> Worker:
    program = Program.parse(command, started_in=started_in, environ=house.environ)
    return CommandWorker(name, program, sandbox=sandbox, grants=grants)
