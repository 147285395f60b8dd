"""Requests, decisions and messages between a worker and people. Pure."""

from dataclasses import dataclass, field

from agentproxy.events.envelope import Fact
from agentproxy.events.requests import (
    Decision,
    MessageDelivered,
    MessageReceived,
    Request,
    RequestDecided,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.work import WorkerEnded, WorkerStarted


@dataclass(slots=True)
class Dialogue:
    """Folds in place."""

    requests: dict[str, Request] = field(default_factory=dict[str, Request])
    referred: set[str] = field(default_factory=set[str])
    decided: dict[str, Decision] = field(default_factory=dict[str, Decision])
    # Texts by id that no worker has received. A message leaves when a worker heard it, or when the
    # attempt whose brief carried it has ended.
    messages: dict[str, str] = field(default_factory=dict[str, str])
    in_brief: tuple[str, ...] = ()  # message ids in the brief of the present attempt
    # Message ids that the present attempt could not hear: each is tried once in an attempt.
    unheard: frozenset[str] = frozenset()
    at_work: bool = False

    def open_requests(self) -> tuple[Request, ...]:
        return tuple(request for key, request in self.requests.items() if key not in self.decided)

    def to_deliver(self) -> tuple[str, ...]:
        """Returns the ids of messages that the worker at work has yet to hear."""
        if not self.at_work:
            return ()
        known = {*self.in_brief, *self.unheard}
        return tuple(key for key in self.messages if key not in known)

    def fold(self, fact: Fact) -> None:
        match fact:
            case RequestMade():
                self._ask(fact.request)
            case RequestReferred():
                self.referred.add(fact.request)
            case RequestDecided():
                self.decided[fact.decision.request] = fact.decision
            case MessageReceived() if fact.first:
                self.messages = {fact.message: fact.text, **self.messages}
            case MessageReceived():
                self.messages[fact.message] = fact.text
            case MessageDelivered() if fact.heard:
                self.messages.pop(fact.message, None)
            case MessageDelivered():
                self.unheard |= {fact.message}
            case WorkerStarted():
                self.at_work, self.in_brief, self.unheard = True, fact.messages, frozenset()
            case WorkerEnded():
                self._end_attempt(fact)
            case _:
                pass

    def _ask(self, request: Request) -> None:
        # A restarted worker repeats its request. Nobody waits for the earlier one any more.
        for earlier in self.open_requests():
            if earlier.model_copy(update={"id": request.id}) == request:
                del self.requests[earlier.id]
        self.requests[request.id] = request

    def _end_attempt(self, fact: WorkerEnded) -> None:
        self.at_work = False
        # A ceiling may have ended the attempt before it read its brief: the next brief repeats the
        # text.
        if not (fact.out_of_time or fact.out_of_money):
            for key in self.in_brief:
                self.messages.pop(key, None)
        self.in_brief = ()
        for request in self.open_requests():
            del self.requests[request.id]
