"""What clients of the supervisor send and get, besides the stream."""

from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

SESSION = r"[0-9a-z]{6,32}"
SessionId = Annotated[str, Field(pattern=f"^{SESSION}$")]
WITHOUT_NUL = "^[^\\x00]*$"
Text = Annotated[str, Field(max_length=100_000, pattern=WITHOUT_NUL)]
ShortText = Annotated[str, Field(max_length=16_384, pattern=WITHOUT_NUL)]
PathText = Annotated[str, Field(max_length=4096, pattern=WITHOUT_NUL)]
Switch = Annotated[bool, Field(strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]


class Screenshot(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: PathText
    description: ShortText = ""


class NewTask(BaseModel):
    """A task, or with `session_id` more words for a run that goes on."""

    model_config = ConfigDict(extra="forbid")

    task: Text
    working_dir: PathText = ""
    screenshots: Annotated[list[Screenshot], Field(max_length=20)] = []
    session_id: SessionId | None = None
    mission: ShortText = ""
    max_iterations: Annotated[int, Field(strict=True)] | None = None
    worker: ShortText = ""
    model: ShortText = ""
    judge: ShortText = ""
    budget: Number | None = None
    checks: Annotated[list[ShortText], Field(max_length=100)] = []
    keep: Annotated[list[ShortText], Field(max_length=100)] = []
    known_red: Annotated[list[ShortText], Field(max_length=1000)] = []
    max_time: Number | ShortText | None = None
    from_head: Switch = False
    include_untracked: Switch = False


class ListedSession(BaseModel):
    session_id: str
    task: str
    working_dir: str
    status: str
    created_at: str
    updated_at: str


class Sessions(BaseModel):
    """`next` is what `before` asks for to get the next page; null on the last one."""

    sessions: list[ListedSession]
    next: str | None


class WaitingRequest(BaseModel):
    request_id: str
    kind: str
    text: str
    action: str
    subject: str
    options: list[str]


class JudgedCheck(BaseModel):
    check: str
    finding: str
    reason: str


class EvidenceSummary(BaseModel):
    """Of the last judged round. `digest` names its bundle."""

    round: int
    verdict: str
    reason: str
    digest: str
    checks: list[JudgedCheck]


class ShownSession(ListedSession):
    worker: str
    verdict: str | None
    reason: str
    exit_code: int | None
    rounds: int
    usd: float
    branch: str
    patch: str
    sequence: int
    waits_for: list[WaitingRequest]
    evidence: EvidenceSummary | None


class StopSession(BaseModel):
    model_config = ConfigDict(extra="forbid")

    session_id: PathText
    reason: ShortText = ""


class Stopped(BaseModel):
    status: Literal["stopped", "stopping"]
    session_id: str


class GivenAnswer(BaseModel):
    """`text` for a question, `decision` for a permission. Without `request` only one may wait."""

    model_config = ConfigDict(extra="forbid")

    request: Annotated[ShortText, Field(validation_alias=AliasChoices("request", "request_id"))] = (
        ""
    )
    text: ShortText = ""
    decision: Literal["approve", "deny"] | None = None


class Answered(BaseModel):
    session_id: str
    request_id: str
    status: Literal["sent"] = "sent"
