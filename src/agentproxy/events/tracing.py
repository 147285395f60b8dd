"""What models were asked and what they answered, in conversations that are traced."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from agentproxy.events.conversation import AssistantMessage, Effort, StopReason, Usage, UserMessage
from agentproxy.events.cost import Purpose
from agentproxy.events.envelope import Fact, FrozenModel


class TracedTool(FrozenModel):
    """A tool as the model saw it."""

    name: str
    description: str
    input_schema: dict[str, JsonValue]


class TracedMessage(FrozenModel):
    """A message of a prompt, and where it stands."""

    place: int
    message: Annotated[UserMessage | AssistantMessage, Field(discriminator="role")]


class PromptTraced(Fact):
    """A model is asked. Only what differs from the prompt and answer before it is stored.

    `seq` pairs it with its answer, and rises by one in a run. What is None is as before.
    """

    kind: Literal["prompt_traced"] = "prompt_traced"
    seq: int
    agent: str = ""  # "" for the agent that the user talks with
    purpose: Purpose
    model: str
    system: str | None = None
    tools: tuple[TracedTool, ...] | None = None
    length: int  # how many messages the prompt has
    changed: tuple[TracedMessage, ...] = ()
    max_output: int
    effort: Effort | None = None  # of thinking; also None where nothing was asked for
    parameters: dict[str, JsonValue] = Field(default_factory=dict)


class AnswerTraced(Fact):
    """A model answered, or did not."""

    kind: Literal["answer_traced"] = "answer_traced"
    seq: int
    message: AssistantMessage | None = None
    stop: StopReason | None = None
    usage: Usage = Usage()
    error: str = ""  # why there is no whole answer
