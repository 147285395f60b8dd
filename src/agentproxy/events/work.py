"""What is visible of a worker from outside."""

from typing import Literal

from agentproxy.events.envelope import Fact


class WorkerStarted(Fact):
    """A worker is about to work on a round."""

    kind: Literal["worker_started"] = "worker_started"
    round: int
    worker: str
    again: bool = False  # an earlier attempt was cut off
    grants: tuple[str, ...] = ()  # in words: what it may use beyond its tree
    messages: tuple[str, ...] = ()  # ids of the messages in its brief


class ProcessStarted(Fact):
    """A process runs that may outlive us."""

    kind: Literal["process_started"] = "process_started"
    effect: str
    pid: int
    started: int  # kernel start time in clock ticks: pids are used again


class SessionOpened(Fact):
    """A worker's program keeps a conversation under this id, and can resume it."""

    kind: Literal["session_opened"] = "session_opened"
    session: str


class WorkerEnded(Fact):
    """A worker stopped."""

    kind: Literal["worker_ended"] = "worker_ended"
    round: int
    claims: bool  # the worker's word that the task is done, which is not proof
    reason: str
    exit_code: int | None = None
    seconds: float = 0.0
    output: str = ""
    out_of_time: bool = False
    out_of_money: bool = False  # the model was refused for lack of budget
    said_usd: float | None = None  # what its program says that the round cost: a claim
    paid_usd: float | None = None  # beside it: what its models were paid for the round by us


class NetworkRefused(Fact):
    """A sandbox refused a connection to a host that was not granted."""

    kind: Literal["network_refused"] = "network_refused"
    effect: str
    host: str
    reason: str
