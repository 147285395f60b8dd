"""Facts about the board of tasks, which stands as files in a workspace."""

from typing import Literal

from pydantic import AliasChoices, ConfigDict, Field, JsonValue

from agentproxy.events.envelope import Fact, FrozenModel

TaskStatus = Literal["pending", "in_progress", "completed", "deleted"]


class BoardTask(FrozenModel):
    """A task. In its file and on the wire it has the names of the documents."""

    # A file may have fields of a later version.
    model_config = ConfigDict(extra="ignore")

    id: int = Field(ge=1, le=1_000_000_000)
    subject: str
    description: str = ""
    status: TaskStatus = "pending"
    blocked_by: tuple[int, ...] = Field(
        default=(),
        validation_alias=AliasChoices("blocked_by", "blockedBy"),
        serialization_alias="blockedBy",
    )
    blocks: tuple[int, ...] = ()
    owner: str = ""
    active_form: str = Field(
        default="",
        validation_alias=AliasChoices("active_form", "activeForm"),
        serialization_alias="activeForm",
    )
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    def shown(self) -> dict[str, JsonValue]:
        """Returns the task with the names of the documents."""
        return self.model_dump(mode="json", by_alias=True)


class BoardSeen(Fact):
    """The agent looked at the board or changed it. Holds what differs from its last look."""

    kind: Literal["board_seen"] = "board_seen"
    changed: tuple[BoardTask, ...] = ()
    gone: tuple[int, ...] = ()
