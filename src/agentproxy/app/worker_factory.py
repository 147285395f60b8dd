"""Builds the worker of an order."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

from agentproxy.app.choosing import chosen_worker, worker_tables
from agentproxy.app.claude_worker import LOGIN, build_claude, usual_model
from agentproxy.app.context import Project
from agentproxy.app.models import address_of, has_libraries, open_models, variables
from agentproxy.app.script_files import read_script_file
from agentproxy.config.tables import WorkerTable
from agentproxy.events.run import Order
from agentproxy.models.metered import Meter, MeteredModel
from agentproxy.models.names import default_model
from agentproxy.models.port import ModelRefused
from agentproxy.models.relay.upstream import RelayTarget
from agentproxy.workers.builtin import BuiltinWorker
from agentproxy.workers.command import CommandWorker
from agentproxy.workers.launcher import Launcher, WorkerGrants
from agentproxy.workers.port import Worker, WorkerError
from agentproxy.workers.program import Program
from agentproxy.workers.scripted import ScriptedWorker, parse_script
from agentproxy.workspace.sandbox.port import Sandbox

HOW = (
    "use --worker 'command:PROGRAM ARGUMENTS' for any program, or the NAME of a [worker.NAME] in "
    "your configuration, or set a vendor's key such as ANTHROPIC_API_KEY for the builtin agent"
)
CHOSEN = "chosen"  # in `models` of a worker: the model of the run
EXTRA = "pip install 'agentproxy[models]'"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """`name` as chosen, and `argument` after its colon."""

    name: str
    argument: str
    order: Order
    project: Project
    sandbox: Sandbox
    meter: Meter | None

    @property
    def started_in(self) -> Path:
        return Path(self.order.repository) / self.order.directory


Maker = Callable[[_Wanted], Worker]


def create_worker(
    order: Order, *, project: Project, sandbox: Sandbox, meter: Meter | None = None
) -> Worker:
    """Builds the worker of an order. Raises WorkerError.

    `meter` pays for the worker's model; None only tries the worker.
    """
    name = order.worker or chosen_worker(order, project)
    if not name:
        raise WorkerError("no worker is chosen", cure=_how(project))
    kind, colon, argument = name.partition(":")
    wanted = _Wanted(name, argument, order=order, project=project, sandbox=sandbox, meter=meter)
    if colon:
        make = _MAKERS_WITH_ARGUMENT.get(kind)
        if make is not None and not argument.strip():
            raise WorkerError(f"nothing stands after --worker '{kind}:'", cure=_how(project))
    else:
        make = _MAKERS.get(kind)
    return (make or _configured)(wanted)


def _command(wanted: _Wanted) -> Worker:
    model = _relayed(wanted, "")
    return _started(wanted, wanted.argument, WorkerGrants(model=model, meter=wanted.meter))


def _scripted(wanted: _Wanted) -> Worker:
    data, source = read_script_file(wanted.argument, started_in=wanted.started_in)
    return ScriptedWorker(wanted.name, parse_script(data, source=source))


def _builtin(wanted: _Wanted) -> Worker:
    models = open_models(wanted.order.model, project=wanted.project, started_in=wanted.started_in)
    model = models[0]
    if wanted.meter is not None:
        model = MeteredModel(models, purpose="work", meter=wanted.meter)
    return BuiltinWorker(model, sandbox=wanted.sandbox)


def _claude(wanted: _Wanted) -> Worker:
    table = worker_tables(wanted.order, wanted.project).get(wanted.name) or WorkerTable()
    if table.command:
        return _configured(wanted)
    usual = usual_model(variables(wanted.project))
    # With the user's own login it asks its vendor itself. A key comes first.
    logged_in = LOGIN in table.home and not usual
    model = None if logged_in else _relayed(wanted, table.model or usual, also=table.models)
    grants = _grants(table, model, meter=wanted.meter)
    return build_claude(
        table,
        replace(grants, paths=(*grants.paths, *table.directories)),
        started_in=wanted.started_in,
        environ=wanted.project.app.environ,
        sandbox=wanted.sandbox,
    )


def _configured(wanted: _Wanted) -> Worker:
    tables = worker_tables(wanted.order, wanted.project)
    table = tables.get(wanted.name)
    if table is None or not table.command:
        known = ", ".join(sorted(tables)) or "none"
        name = json.dumps(wanted.name)
        raise WorkerError(f"no worker has the name {name} (configured: {known})", cure=HOW)
    model = _relayed(wanted, table.model or "", also=table.models)
    return _started(wanted, table.command, _grants(table, model, meter=wanted.meter))


def _grants(table: WorkerTable, model: RelayTarget | None, *, meter: Meter | None) -> WorkerGrants:
    return WorkerGrants(
        hosts=table.hosts,
        env=table.env,
        home=table.home,
        paths=table.paths,
        model=model,
        meter=meter,
    )


# A worker is one entry here: under its name, or under the word before the colon of its name.
_MAKERS: Final[Mapping[str, Maker]] = {"builtin": _builtin, "claude": _claude}
_MAKERS_WITH_ARGUMENT: Final[Mapping[str, Maker]] = {"command": _command, "scripted": _scripted}


def _started(wanted: _Wanted, command: str, grants: WorkerGrants) -> Worker:
    program = Program.parse(
        command, started_in=wanted.started_in, environ=wanted.project.app.environ
    )
    return CommandWorker(wanted.name, Launcher(program, sandbox=wanted.sandbox, grants=grants))


def _how(project: Project) -> str:
    # A user with a key lacks only the libraries.
    if default_model(variables(project)) and not has_libraries():
        return f"{EXTRA} installs the builtin agent; or {HOW}"
    return HOW


def _relayed(
    wanted: _Wanted, own: str, *, also: Mapping[str, str] = MappingProxyType({})
) -> RelayTarget | None:
    """The model that a program reaches through the relay, if any. Raises WorkerError.

    `also` leads from other names to the models that answer.
    """
    order, project = wanted.order, wanted.project
    default = project.settings.model or ""
    # --model comes first, then the worker's own model, then the user's default (decision 9).
    chosen = (order.model if order.model != default else "") or own
    name = chosen or order.model
    if not name:
        return None
    try:
        return _with_others(_granted(name, project), also, project=project)
    except ModelRefused as error:
        if not chosen:  # nobody asked for the default here, so it may be impossible
            return None
        raise WorkerError(str(error), cure=error.cure) from error


def _with_others(main: RelayTarget, also: Mapping[str, str], *, project: Project) -> RelayTarget:
    others: dict[str, RelayTarget] = {}
    for asked, name in also.items():
        other = main if name == CHOSEN else _granted(name, project)
        theirs, ours = other.address, main.address
        if (theirs.vendor, theirs.wire) != (ours.vendor, ours.wire):
            raise ModelRefused(
                f"{name} cannot answer beside {main.name}: they have different vendors or wires",
                cure=f'name one of {ours.vendor} in `models`, or write "{CHOSEN}" for {main.name}',
            )
        others[asked] = other
    return replace(main, also=others)


def _granted(name: str, project: Project) -> RelayTarget:
    if find_spec("httpx2") is None:
        raise ModelRefused("no model can be relayed: httpx2 is not installed", cure=EXTRA)
    from agentproxy.models.connections import check_proxies

    check_proxies()
    return RelayTarget(name, address_of(name, project))
