"""What a client says to a request that waits becomes a command. Pure."""

from agentproxy.app.utf8_check import is_text
from agentproxy.events.commands import Answer, Approve, Deny
from agentproxy.events.requests import Request
from agentproxy.server.refusals import Refused
from agentproxy.server.tasks.session_bodies import GivenAnswer
from agentproxy.supervisor.state import State


def command_for(given: GivenAnswer, state: State) -> Answer | Approve | Deny:
    """Raises Refused. The command names its request, so a late one decides nothing else."""
    if not is_text(given.text):
        raise Refused(422, "it is not UTF-8", field="text", cure="write it in UTF-8")
    request = _meant(given.request, state)
    if request.kind == "question":
        if not given.text.strip() or given.decision is not None:
            raise Refused(422, "a question needs an answer", field="text", cure="send text alone")
        return Answer(text=given.text, request=request.id)
    if given.decision is None:
        cure = "send approve or deny"
        raise Refused(422, "a permission needs a decision", field="decision", cure=cure)
    if given.decision == "approve":
        return Approve(request=request.id)
    return Deny(request=request.id, reason=given.text)


def _meant(key: str, state: State) -> Request:
    waiting = state.dialogue.open_requests() if state.ended is None else ()
    found = [each for each in waiting if key in ("", each.id)]
    if not found:
        what = "this request does not wait" if key else "nothing waits for an answer"
        raise Refused(409, what, field="request", cure="GET /session/{id} says what waits")
    if len(found) > 1:
        names = ", ".join(each.id for each in found)
        raise Refused(409, f"several requests wait: {names}", field="request", cure="name one")
    return found[0]
