"""Makes the order of a conversation from what a client asks for."""

import secrets
from collections.abc import Mapping
from typing import cast

from agentproxy.app.chat.services import ChatServices
from agentproxy.config.words import EffortWord as EffortWord
from agentproxy.events.envelope import RunId
from agentproxy.events.run import ChatOrder, ThinkingEffort

OF_FIELDS = {
    "system_prompt": "system_prompt",
    "preset": "preset",
    "model": "model",
    "enable_teams": "teams",
    "enable_tracing": "tracing",
    "enable_approval": "approval",
    "enable_plan_mode": "plan_mode",
    "enable_thinking": "thinking",
    "thinking_effort": "thinking_effort",
}
EFFORTS: Mapping[EffortWord, ThinkingEffort] = {
    "minimal": "high",
    "low": "high",
    "medium": "high",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}


def order_of(asked: Mapping[str, object], *, services: ChatServices) -> tuple[ChatOrder, RunId]:
    """Returns the order of a new conversation and its id. `asked` has the documented names.

    Blocking. Raises UnknownPreset.
    """
    settings = services.settings
    run = RunId(secrets.token_hex(6))
    root = services.workspaces.root
    given = {OF_FIELDS[name]: value for name, value in asked.items() if value is not None}
    fields: dict[str, object] = {
        "model": settings.model,
        "preset": settings.default_preset,
        "thinking": settings.thinking_enabled,
        "thinking_effort": settings.thinking_effort,
        "workspace": str(root if settings.workspace_shared else root / run),
        "budget": services.project.settings.budget,
        "sandbox": services.project.settings.sandbox,
    }
    fields |= given
    fields["thinking_effort"] = EFFORTS[cast("EffortWord", fields["thinking_effort"])]
    order = ChatOrder.model_validate(fields)
    if not order.system_prompt:
        services.presets.require(order.preset)
    return order, run
