"""What a worker did, as far as anybody can see it from outside."""

from typing import Literal

from agentproxy.events.envelope import Fact


class WorkerStarted(Fact):
    """A worker is about to work on a round; `again` when an earlier attempt was cut off.

    `grants` says in words what it was given beyond its tree. `messages` are the ids of the messages
    that its brief carries.
    """

    kind: Literal["worker_started"] = "worker_started"
    round: int
    worker: str
    again: bool = False
    grants: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


class ProcessStarted(Fact):
    """A process that may outlive us runs; `started` is its kernel start time in clock ticks."""

    kind: Literal["process_started"] = "process_started"
    effect: str
    pid: int
    started: int


class WorkerEnded(Fact):
    """A worker stopped. `claims` is its own word that the task is done, and no more than that.

    `out_of_money` is whether it was refused its model because the run's money did not pay for it.
    """

    kind: Literal["worker_ended"] = "worker_ended"
    round: int
    claims: bool
    reason: str
    exit_code: int | None = None
    seconds: float = 0.0
    output: str = ""
    out_of_time: bool = False
    out_of_money: bool = False


class NetworkRefused(Fact):
    """Something in a sandbox asked for a host that it was not granted."""

    kind: Literal["network_refused"] = "network_refused"
    effect: str
    host: str
    reason: str
