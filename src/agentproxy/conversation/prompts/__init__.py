"""The system prompts of a conversation."""

from importlib.resources import files

from agentproxy.events.run import ChatOrder

PLAN_MODE = """

PLAN MODE is on. Read, ask and plan; change nothing. Tools that change something are not there.
When the plan is complete, call exit_plan_mode with it. The user then approves it, or says what to
change.
"""


def system_prompt(order: ChatOrder, *, plan_mode: bool) -> str:
    """Returns the system prompt of a conversation."""
    text = order.system_prompt or _preset(order.preset).replace("{workspace}", order.workspace)
    return text + PLAN_MODE if plan_mode else text


def _preset(name: str) -> str:
    place = files("agentproxy.conversation.prompts").joinpath(name, "PROMPT.md")
    return place.read_text(encoding="utf-8")
