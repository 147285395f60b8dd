"""Which worker an order means, and building it."""

import json
from importlib.util import find_spec
from pathlib import Path

from agentproxy.app.house import House
from agentproxy.app.rules import read_project
from agentproxy.config.tables import WorkerTable
from agentproxy.events.run import Order
from agentproxy.models.deferred import DeferredModel
from agentproxy.models.metered import Meter
from agentproxy.models.names import Address, find_model
from agentproxy.models.port import Model, ModelRefused
from agentproxy.models.relay_wires import Relayed
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
EXTRA = "pip install 'agentproxy[models]'"


def hire(order: Order, *, house: House, sandbox: Sandbox, meter: Meter | None = None) -> Worker:
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
        grants = Grants(model=_relayed(order, "", house), meter=meter)
        return _command(
            name, rest, started_in=started_in, house=house, sandbox=sandbox, grants=grants
        )
    if kind == "scripted" and rest.strip():
        file = (started_in / Path(rest).expanduser()).resolve()
        return ScriptedWorker(name, read_script(file))
    if name == "builtin":
        return BuiltinWorker(_model(order.model, started_in, house), sandbox=sandbox)
    table = tables.get(name)
    if table is None or not table.command:
        known = ", ".join(sorted(tables)) or "none"
        raise WorkerError(f"there is no worker {json.dumps(name)} (configured: {known})", cure=HOW)
    model = _relayed(order, table.model or "", house)
    grants = Grants(
        hosts=table.hosts,
        env=table.env,
        home=table.home,
        paths=table.paths,
        model=model,
        meter=meter,
    )
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
        return DeferredModel(name, _address(name, house))
    except ModelRefused as error:
        raise WorkerError(str(error), cure=error.cure) from error


def _relayed(order: Order, own: str, house: House) -> Relayed | None:
    """The model that a program reaches through the relay: the order's, before the program's own,
    before the user's default. A default that cannot be relayed is none.

    Raises:
        WorkerError: there is none of that name, or none that can be relayed.
    """
    default = house.settings.model or ""
    chosen = (order.model if order.model != default else "") or own
    name = chosen or order.model
    if not name:
        return None
    try:
        return _granted(name, house)
    except ModelRefused as error:
        if not chosen:
            return None
        raise WorkerError(str(error), cure=error.cure) from error


def _granted(name: str, house: House) -> Relayed:
    if find_spec("httpx2") is None:
        raise ModelRefused("no model can be relayed: httpx2 is not installed", cure=EXTRA)
    return Relayed(name, _address(name, house))


def _address(name: str, house: House) -> Address:
    settings = house.settings
    return find_model(name, {**settings.addresses, **settings.keys})


def _command(
    name: str,
    command: str,
    *,
    started_in: Path,
    house: House,
    sandbox: Sandbox,
    grants: Grants,
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
