"""Applies the policy to a request, before a model or a human sees it."""

from agentproxy.engine.requests import Rule
from agentproxy.events.requests import Decision, Request
from agentproxy.policy.decide import Allow, Policy, Refuse, decide


def rule_by(policy: Policy) -> Rule:
    """Returns the rule of a policy. The rule gives a decision, or why a human has to decide."""

    def rule(request: Request) -> Decision | str:
        ruling = decide(request, policy)
        if isinstance(ruling, Allow):
            return Decision(request=request.id, allowed=True, by="policy")
        if isinstance(ruling, Refuse):
            return Decision(request=request.id, allowed=False, by="policy", text=ruling.reason)
        return ruling.reason

    return rule
