"""The desk's first word on a request: what the policy says."""

from agentproxy.engine.requests import Rule
from agentproxy.events.requests import Decision, Request
from agentproxy.policy.decide import Allow, Policy, Refuse, decide


def rule_by(policy: Policy) -> Rule:
    """The rule of a policy: a decision, or the reason why a human has to decide."""

    def rule(request: Request) -> Decision | str:
        ruling = decide(request, policy)
        if isinstance(ruling, Allow):
            return Decision(request=request.id, allowed=True, by="policy")
        if isinstance(ruling, Refuse):
            return Decision(request=request.id, allowed=False, by="policy", text=ruling.reason)
        return ruling.reason

    return rule
