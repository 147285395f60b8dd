"""Which worker an order means, and building it."""

import json
from pathlib import Path

from agentproxy.app.house import House
from agentproxy.app.rules import read_project
from agentproxy.config.tables import WorkerTable
from agentproxy.events.run import Order
from agentproxy.models.deferred import DeferredModel
from agentproxy.models.names import find_model
from agentproxy.models.port import Model, ModelRefused
from agentproxy.models.scripted import ScriptedModel, read_model_script
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


def hire(order: Order, *, house: House, sandbox: Sandbox) -> Worker:
    """The worker of an order.

    Raises:
        WorkerError: there is none of that name, or it cannot work.
    """
    started_in = Path(order.repository) / order.directory
    tables = _tables(order, house)
    name = order.worker or _chosen(order, house)
    if not name:
        raise WorkerError("no worker is chosen", cure=HOW)
    kind, _, rest = name.partition(":")
    if kind == "command" and rest.strip():
        return _command(name, rest, started_in=started_in, house=house, sandbox=sandbox)
    if kind == "scripted" and rest.strip():
        file = (started_in / Path(rest).expanduser()).resolve()
        return ScriptedWorker(name, read_script(file))
    if name == "builtin":
        return BuiltinWorker(_model(order.model, started_in, house), sandbox=sandbox)
    table = tables.get(name)
    if table is None or not table.command:
        known = ", ".join(sorted(tables)) or "none"
        raise WorkerError(f"there is no worker {json.dumps(name)} (configured: {known})", cure=HOW)
    grants = Grants(hosts=table.hosts, env=table.env, home=table.home, paths=table.paths)
    return _command(
        name, table.command, started_in=started_in, house=house, sandbox=sandbox, grants=grants
    )


def _model(name: str, started_in: Path, house: House) -> Model:
    """The model of a name.

    Raises:
        WorkerError: none is chosen, or there is none of that name.
    """
    kind, _, rest = name.partition(":")
    try:
        if kind == "scripted" and rest.strip():
            file = (started_in / Path(rest).expanduser()).resolve()
            return ScriptedModel(name, read_model_script(file))
        settings = house.settings
        return DeferredModel(name, find_model(name, {**settings.addresses, **settings.keys}))
    except ModelRefused as error:
        raise WorkerError(str(error), cure=error.cure) from error


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


def _project_root(order: Order) -> Path:
    return Path(order.repository)


def _tables(order: Order, house: House) -> dict[str, WorkerTable]:
    """The workers by name: the user's own win over a trusted repository's."""
    root = _project_root(order)
    project = read_project(root, house=house, repository=root)
    return {**project.workers, **house.user.workers}


def _chosen(order: Order, house: House) -> str:
    root = _project_root(order)
    return read_project(root, house=house, repository=root).worker or ""
