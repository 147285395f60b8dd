"""Rules on a request for permission."""

from agentproxy.events.requests import Request
from agentproxy.policy import places
from agentproxy.policy.commands import command_line
from agentproxy.policy.rulings import Allow, Policy, Refer, Refuse, Ruling
from agentproxy.policy.shell import ShellWord

__all__ = ["Allow", "Policy", "Refer", "Refuse", "Ruling", "decide"]


def decide(request: Request, policy: Policy) -> Ruling:
    """Returns the ruling on a request. The policy answers no questions."""
    if request.kind == "question":
        return Refer("a question")
    if not policy.root.startswith("/") or places.resolved(policy.root, "/") == "/":
        return Refer("the policy has no tree")
    if request.action == "run":
        return command_line(request.subject, policy)
    if request.action in ("read", "write"):
        return _path(request.subject, policy, writes=request.action == "write")
    if request.action == "network":
        return Refer("reaches other machines")
    return Refer("no rule covers this action")


def _path(path: str, policy: Policy, *, writes: bool) -> Ruling:
    if not path or not path.isprintable():
        return Refer("the path is empty or holds characters that cannot be seen")
    directory = places.resolved(policy.directory, policy.root)
    word = ShellWord(path, home=path.startswith("~"))
    return (places.write if writes else places.read)(word, directory, policy)
