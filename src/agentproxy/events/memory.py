"""What a project keeps from one conversation to the next."""

from typing import Literal

from agentproxy.events.envelope import Fact

MemoryResult = Literal["updated", "proposed", "unchanged", "failed"]


class MemoryWanted(Fact):
    """A session with new turns ended: what it brought for later is to be noted."""

    kind: Literal["memory_wanted"] = "memory_wanted"
    turn: int  # of the agent, up to which the conversation counts


class MemoryNoted(Fact):
    """The notes of the project were made anew, or were not."""

    kind: Literal["memory_noted"] = "memory_noted"
    result: MemoryResult
    content: str = ""  # all notes
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left_out: int = 0  # lines of the model that cannot be kept
    error: str = ""
