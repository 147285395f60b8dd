"""Tells a follower, such as telemetry, what this process records. Without one, nobody is told."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol

from agentproxy.events.chat import UserTurnEnded, UserTurnStarted
from agentproxy.events.envelope import Event, RunId
from agentproxy.events.run import RunCreated, SegmentStarted
from agentproxy.workers.port import Joining, WorkPlace

Say = Callable[[str], None]
TELEMETRY = "agentproxy.telemetry.start"
PACKAGES = (
    "opentelemetry.sdk",
    "opentelemetry.exporter.otlp.proto.grpc",
    "opentelemetry.exporter.otlp.proto.http",
)
EXTRA = "pip install 'agentproxy[telemetry]'"


class Follower(Protocol):
    """Follows the runs that this process works on. No method waits or raises."""

    def begin(self, run: RunId, past: Sequence[Event]) -> None:
        """This process works on the run from here on. `past` is what was recorded before."""
        ...

    def note(self, event: Event) -> None: ...

    def end(self, run: RunId) -> None:
        """This process no longer works on the run."""
        ...

    def joining(self, at: WorkPlace) -> Joining:
        """Returns how a program joins the trace of the effect that starts it."""
        ...

    def close(self) -> None:
        """Sends what is left. Waits, up to a limit."""
        ...


class Nobody:
    """Follows nothing."""

    def begin(self, run: RunId, past: Sequence[Event]) -> None:
        del run, past

    def note(self, event: Event) -> None:
        del event

    def end(self, run: RunId) -> None:
        del run

    def joining(self, at: WorkPlace) -> Joining:
        del at
        return Joining()

    def close(self) -> None:
        pass


NOBODY: Final = Nobody()


def open_follower(variables: Mapping[str, str], *, say: Say) -> Follower:
    """Loads telemetry, which sends what it is told. `variables` are those of OpenTelemetry.

    `say` is told in one line what is wrong; any thread may call it.
    """
    if not has_packages():
        say(f"telemetry is off, its packages are not installed: {EXTRA}")
        return NOBODY
    # By its name: nothing imports what stands above it, and off it is never loaded.
    opened: Follower | None = import_module(TELEMETRY).open_follower(variables, say=say)
    return opened or NOBODY


def fault_in(variables: Mapping[str, str]) -> str:
    """Returns what of the variables cannot be used, with its cure, or ""."""
    return str(import_module(TELEMETRY).fault_in(variables))


def has_packages() -> bool:
    return all(_is_there(package) for package in PACKAGES)


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of a package above it
        return False


async def close_follower(follower: Follower, *, say: Say) -> None:
    """Waits until what is left is sent. Who interrupts this ends the waiting, and nothing else."""
    if follower is NOBODY:
        return
    loop, closed = asyncio.get_running_loop(), asyncio.Event()

    def close() -> None:
        follower.close()
        with suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(closed.set)

    # A daemon, and not a thread of the loop: the end of the process would wait for that.
    threading.Thread(target=close, name="telemetry-end", daemon=True).start()
    try:
        await closed.wait()
    except asyncio.CancelledError:
        # What was worked on is over. Its exit code stays.
        if task := asyncio.current_task():
            task.uncancel()
        say("telemetry: interrupted; what was left is not sent")


class _Followed:
    """A context, during which this process works on a run."""

    __slots__ = ("_follower", "_past", "_run")

    def __init__(self, follower: Follower, run: RunId, past: Sequence[Event]) -> None:
        self._follower = follower
        self._run = run
        self._past = past

    def __enter__(self) -> None:
        past, self._past = self._past, ()
        self._follower.begin(self._run, past)

    def __exit__(self, *error: object) -> None:
        self._follower.end(self._run)


def followed(follower: Follower, run: RunId, past: Sequence[Event]) -> AbstractContextManager[None]:
    """Tells the follower that this process works on the run."""
    return _Followed(follower, run, past)


class Unfinished:
    """Keeps of a conversation's past what its follower needs: the turn that is not over."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._head: dict[type, Event] = {}

    def note(self, event: Event) -> None:
        match event.fact:
            case UserTurnStarted():
                self.events = [*self._head.values(), event]
            case UserTurnEnded():
                self.events = []
            case RunCreated() | SegmentStarted() if not self.events:
                self._head[type(event.fact)] = event
            case _ if self.events:
                self.events.append(event)
            case _:
                pass

    @property
    def past(self) -> Sequence[Event]:
        return self.events or tuple(self._head.values())
