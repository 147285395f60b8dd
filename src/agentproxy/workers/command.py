"""Any program as a worker: the brief on standard input, exit code 0 claims done."""

import asyncio
import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentproxy.events.work import NetworkRefused, ProcessStarted
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter
from agentproxy.models.relay.server import Relay
from agentproxy.models.relay.upstream import RelayTarget
from agentproxy.workers.port import Brief, WorkEnded, WorkerCallbacks, WorkerError
from agentproxy.workers.program import Program
from agentproxy.workspace.environment.toolchains import INSIDE_HOME
from agentproxy.workspace.sandbox.copies import discard
from agentproxy.workspace.sandbox.port import (
    Access,
    Ended,
    Job,
    JobLimits,
    Mount,
    Sandbox,
    SandboxError,
    Service,
)
from agentproxy.workspace.sandbox.processes import start_time

KEPT_OUTPUT = 64 * 1024
REFUSALS_RECORDED = 50


@dataclass(frozen=True, slots=True)
class WorkerGrants:
    """What a person grants a command worker beyond its tree (`[worker.NAME]`).

    `hosts` are `host:port`; `home` names below the user's home that it finds in its private one,
    writable (a log-in that it renews); `paths` are shown read-only; `model` is reached through the
    relay, and paid for with `meter` (None: counted, without a ceiling).
    """

    hosts: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    home: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    model: RelayTarget | None = None
    meter: Meter | None = None


class CommandWorker:
    """Runs a command line in the sandbox, in the worker's own clone, once a round."""

    def __init__(
        self, name: str, program: Program, *, sandbox: Sandbox, grants: WorkerGrants | None = None
    ) -> None:
        self._name = name
        self._program = program
        self._sandbox = sandbox
        self._grants = grants or WorkerGrants()

    @property
    def name(self) -> str:
        """The name that a person chose it by."""
        return self._name

    def grants(self) -> Sequence[str]:
        """What it was granted beyond the tree, in words."""
        granted = [f"network {host}" for host in self._grants.hosts]
        granted += [f"variable {name}" for name in self._grants.env]
        granted += [f"home ~/{name}, writable" for name in self._grants.home]
        granted += [f"path {path}" for path in self._grants.paths]
        if self._grants.model is not None:
            name = self._grants.model.name
            granted.append(f"model {name} through the relay, the key stays outside")
        return granted

    async def message(self, text: str, *, key: str) -> bool:
        """Never heard: the next brief carries it."""
        del text, key
        return False

    async def work(self, brief: Brief, line: WorkerCallbacks) -> WorkEnded:
        """Run the command once.

        Raises:
            WorkerError: the sandbox could not be set up.
        """
        pids: asyncio.Queue[int | None] = asyncio.Queue(maxsize=2)
        relay = self._relay(line)
        job = self._job(brief, relay)
        async with asyncio.TaskGroup() as group:
            group.create_task(_note_process(pids, line))
            try:
                ended = await self._sandbox.run(
                    job,
                    on_output=lambda chunk: line.show(chunk.decode(errors="replace")),
                    on_start=pids.put_nowait,
                )
            except SandboxError as error:
                ended = error
            finally:
                pids.put_nowait(None)
        if isinstance(ended, SandboxError):
            raise WorkerError(str(ended), cure=ended.cure) from ended
        for refusal in ended.refused[:REFUSALS_RECORDED]:
            host, _, reason = refusal.partition(" ")
            await line.record(NetworkRefused(effect="work", host=host, reason=reason))
        if relay is None:
            return _outcome(ended)
        for refusal in relay.refused:
            await line.record(NetworkRefused(effect="work", host="model relay", reason=refusal))
        return replace(_outcome(ended), out_of_money=relay.out_of_money)

    def _relay(self, line: WorkerCallbacks) -> Relay | None:
        if self._grants.model is None:
            return None
        meter = self._grants.meter or Meter(record=line.record, purse=Budget(lambda: None))
        return Relay(self._grants.model, meter=meter)

    def _job(self, brief: Brief, relay: Relay | None) -> Job:
        folder = brief.home.parent / "brief"
        _write_down(brief, folder)
        place = brief.place.with_folder("brief", folder, mode="ro")
        if place.mounts:
            shown = self._program.inside(Path(place.root), tree=brief.place.tree)
        else:
            shown = self._program.plainly()
        granted = self._granted() if place.mounts else []
        env = {
            **self._grants.env,
            "AGENTPROXY_BRIEF": f"{place.inside('brief')}/brief.md",
            "AGENTPROXY_SCREENSHOTS": f"{place.inside('brief')}/screenshots",
            "AGENTPROXY_RUN": brief.run,
            "AGENTPROXY_ROUND": str(brief.round),
        }
        hosts = self._grants.hosts
        return place.job(
            shown.argv,
            env=env,
            home=brief.home,
            stdin=brief.text.encode(),
            access=Access(
                mode="hosts" if hosts else "none",
                hosts=hosts,
                services=(Service(relay.serve, relay.variables),) if relay else (),
            ),
            limits=JobLimits(seconds=max(brief.seconds, 1.0), kept_output=KEPT_OUTPUT),
            mounts=(*shown.mounts, *granted),
        )

    def _granted(self) -> list[Mount]:
        paths = [Path(path).expanduser() for path in self._grants.paths]
        shown = [Mount(at=str(path), mode="ro", source=path) for path in paths]
        for name in self._grants.home:
            source = Path.home() / name
            shown.append(Mount(at=f"{INSIDE_HOME}/{name}", mode="rw", source=source))
        return shown


def _write_down(brief: Brief, folder: Path) -> None:
    """Put the brief and its screenshots into a folder that is made anew.

    It was within a worker's reach, and without isolation it still is: nothing that lies there is
    followed or opened.
    """
    if os.path.lexists(folder):
        discard(folder)
    folder.mkdir(mode=0o700, parents=True)
    pictures = folder / "screenshots"
    pictures.mkdir()
    (folder / "brief.md").write_bytes(brief.text.encode())
    for number, image in enumerate(brief.images, start=1):
        kind = image.media_type.removeprefix("image/").replace("jpeg", "jpg")
        (pictures / f"{number}.{kind}").write_bytes(base64.b64decode(image.data))


async def _note_process(pids: "asyncio.Queue[int | None]", line: WorkerCallbacks) -> None:
    """Record who runs, so that a later segment can end what survived."""
    while (pid := await pids.get()) is not None:
        started = start_time(pid)
        if started is not None:
            await line.record(ProcessStarted(effect="work", pid=pid, started=started))


def _outcome(ended: Ended) -> WorkEnded:
    out_of_time = ended.ending == "timed_out"
    if out_of_time:
        reason = "its time was up"
    elif ended.killed:
        reason = "it printed without end and was stopped"
    elif ended.exit_code == 0:
        reason = "it ended with exit code 0, which claims done"
    else:
        reason = f"it ended with exit code {ended.exit_code}, without a claim"
    return WorkEnded(
        claims=ended.exit_code == 0 and not ended.killed,
        reason=reason,
        exit_code=ended.exit_code,
        seconds=ended.seconds,
        output=ended.output,
        out_of_time=out_of_time,
    )
