"""Every kind of fact there is, and the way between a fact and its stored text."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.check import CheckFinished, CheckStarted
from agentproxy.events.contract import ContractAgreed
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.git_facts import (
    BaseRecorded,
    ClaimRecorded,
    Delivered,
    EnvironmentBuilt,
    EnvironmentFound,
    TestsRestored,
)
from agentproxy.events.plan import ContextsRead, OpinionGiven, PlanMade, WorkerSteered
from agentproxy.events.requests import (
    CommandIgnored,
    MessageReceived,
    RequestDecided,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import (
    CeilingRaised,
    DecisionMade,
    EffectFailed,
    RunCreated,
    RunEnded,
    RunParked,
    SegmentStarted,
)
from agentproxy.events.verdict import RoundJudged
from agentproxy.events.work import NetworkRefused, ProcessStarted, WorkerEnded, WorkerStarted

AnyFact = Annotated[
    RunCreated
    | SegmentStarted
    | BaseRecorded
    | EnvironmentFound
    | EnvironmentBuilt
    | ContextsRead
    | PlanMade
    | ContractAgreed
    | CheckStarted
    | CheckFinished
    | WorkerStarted
    | ProcessStarted
    | AgentTold
    | ModelAsked
    | ModelSettled
    | ModelAnswered
    | ToolStarted
    | ToolFinished
    | WorkerEnded
    | NetworkRefused
    | RequestMade
    | RequestReferred
    | RequestDecided
    | MessageReceived
    | CommandIgnored
    | WorkerSteered
    | ClaimRecorded
    | TestsRestored
    | OpinionGiven
    | RoundJudged
    | DecisionMade
    | Delivered
    | CeilingRaised
    | EffectFailed
    | RunParked
    | RunEnded,
    Field(discriminator="kind"),
]
FACT: TypeAdapter[AnyFact] = TypeAdapter(AnyFact)
