"""Facts about commands that the agent runs in the background of a conversation."""

from typing import Literal

from agentproxy.events.envelope import Fact, FrozenModel

BackgroundStatus = Literal["running", "completed", "timeout", "error", "cancelled"]


class BackgroundNotice(FrozenModel):
    """How a command in the background ended, in short."""

    task: str
    status: BackgroundStatus
    command: str
    result: str
    exit_code: int | None = None


class BackgroundWanted(Fact):
    """The agent asked for a command in the background."""

    kind: Literal["background_wanted"] = "background_wanted"
    task: str
    command: str


class BackgroundStarted(Fact):
    """A command in the background is about to run."""

    kind: Literal["background_started"] = "background_started"
    task: str


class BackgroundEnded(Fact):
    """A command in the background has ended, with all its processes."""

    kind: Literal["background_ended"] = "background_ended"
    task: str
    status: BackgroundStatus
    result: str
    exit_code: int | None = None


class BackgroundTold(Fact):
    """The agent was told how commands in the background ended."""

    kind: Literal["background_told"] = "background_told"
    notices: tuple[BackgroundNotice, ...]
