"""Which worker an order means, and building it."""

import json
from importlib.util import find_spec
from pathlib import Path

from agentproxy.app.choosing import chosen_worker, worker_tables
from agentproxy.app.context import Project
from agentproxy.app.models import has_libraries, open_models, variables
from agentproxy.events.run import Order
from agentproxy.models.metered import Meter, MeteredModel
from agentproxy.models.names import default_model, find_model
from agentproxy.models.port import ModelRefused
from agentproxy.models.relay.upstream import RelayTarget
from agentproxy.workers.builtin import BuiltinWorker
from agentproxy.workers.command import CommandWorker, WorkerGrants
from agentproxy.workers.port import Worker, WorkerError
from agentproxy.workers.program import Program
from agentproxy.workers.scripted import ScriptedWorker, read_script
from agentproxy.workspace.sandbox.port import Sandbox

HOW = (
    "name one: --worker 'command:PROGRAM ARGUMENTS' for any program that reads a brief on "
    "standard input, or a [worker.NAME] of your configuration; or set a vendor's key, such as "
    "ANTHROPIC_API_KEY, and our own agent works (pa models)"
)
EXTRA = "pip install 'agentproxy[models]'"


def create_worker(
    order: Order, *, project: Project, sandbox: Sandbox, meter: Meter | None = None
) -> Worker:
    """The worker of an order; `meter` is what its model is paid with, None only to try it.

    Raises:
        WorkerError: there is none of that name, or it cannot work.
    """
    started_in = Path(order.repository) / order.directory
    tables = worker_tables(order, project)
    name = order.worker or chosen_worker(order, project)
    if not name:
        raise WorkerError("no worker is chosen", cure=_how(project))
    kind, _, rest = name.partition(":")
    if kind == "command" and rest.strip():
        grants = WorkerGrants(model=_relayed(order, "", project), meter=meter)
        return _command(
            name, rest, started_in=started_in, project=project, sandbox=sandbox, grants=grants
        )
    if kind == "scripted" and rest.strip():
        file = (started_in / Path(rest).expanduser()).resolve()
        return ScriptedWorker(name, read_script(file))
    if name == "builtin":
        models = open_models(order.model, project=project, started_in=started_in)
        model = MeteredModel(models, purpose="work", meter=meter) if meter else models[0]
        return BuiltinWorker(model, sandbox=sandbox)
    table = tables.get(name)
    if table is None or not table.command:
        known = ", ".join(sorted(tables)) or "none"
        raise WorkerError(f"there is no worker {json.dumps(name)} (configured: {known})", cure=HOW)
    model = _relayed(order, table.model or "", project)
    grants = WorkerGrants(
        hosts=table.hosts,
        env=table.env,
        home=table.home,
        paths=table.paths,
        model=model,
        meter=meter,
    )
    return _command(
        name, table.command, started_in=started_in, project=project, sandbox=sandbox, grants=grants
    )


def _how(project: Project) -> str:
    """What a person without a worker can do; who has a key lacks nothing but the libraries."""
    if default_model(variables(project)) and not has_libraries():
        return f"for our own agent: {EXTRA}; or {HOW}"
    return HOW


def _relayed(order: Order, own: str, project: Project) -> RelayTarget | None:
    """The model that a program reaches through the relay: the order's, before the program's own,
    before the user's default. A default that cannot be relayed is none.

    Raises:
        WorkerError: there is none of that name, or none that can be relayed.
    """
    default = project.settings.model or ""
    chosen = (order.model if order.model != default else "") or own
    name = chosen or order.model
    if not name:
        return None
    try:
        return _granted(name, project)
    except ModelRefused as error:
        if not chosen:
            return None
        raise WorkerError(str(error), cure=error.cure) from error


def _granted(name: str, project: Project) -> RelayTarget:
    if find_spec("httpx2") is None:
        raise ModelRefused("no model can be relayed: httpx2 is not installed", cure=EXTRA)
    from agentproxy.models.connections import check_proxies

    check_proxies()
    return RelayTarget(name, find_model(name, variables(project)))


def _command(
    name: str,
    command: str,
    *,
    started_in: Path,
    project: Project,
    sandbox: Sandbox,
    grants: WorkerGrants,
) -> Worker:
    program = Program.parse(command, started_in=started_in, environ=project.app.environ)
    return CommandWorker(name, program, sandbox=sandbox, grants=grants)
