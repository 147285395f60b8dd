"""Detects from its calls that a worker makes no progress. Its memory is bounded."""

import json
from collections import Counter, deque
from dataclasses import dataclass, field

from agentproxy.events.agent import ToolFinished, ToolStarted
from agentproxy.events.envelope import Fact

REPEATED_CALLS = 4  # the same call with the same result, within the remembered calls
FAILURES_IN_A_ROW = 8
REMEMBERED_CALLS = 16


@dataclass
class LoopDetector:
    """Watches the calls of one worker."""

    recent: deque[str] = field(default_factory=lambda: deque[str](maxlen=REMEMBERED_CALLS))
    open: dict[str, str] = field(default_factory=dict[str, str])
    failures: int = 0
    told: int = 0  # how often the worker was redirected

    def drift(self, fact: Fact) -> str:
        """Returns why this call shows that the worker makes no progress, or ""."""
        if isinstance(fact, ToolStarted):
            arguments = json.dumps(fact.arguments, sort_keys=True)
            self.open[fact.call] = f"{fact.tool} {arguments}"
        if not isinstance(fact, ToolFinished):
            return ""
        action = self.open.pop(fact.call, "")
        self.failures = self.failures + 1 if fact.failed else 0
        self.recent.append(f"{action} = {fact.text[:2000]}")
        reason = self._reason(action)
        # The worker is redirected now. Its calls before that no longer count.
        if reason:
            self.recent.clear()
            self.failures = 0
            self.told += 1
        return reason

    def _reason(self, action: str) -> str:
        if action and Counter(self.recent)[self.recent[-1]] >= REPEATED_CALLS:
            return f"the same call with the same result, {REPEATED_CALLS} times: {action[:200]}"
        if self.failures >= FAILURES_IN_A_ROW:
            return f"{FAILURES_IN_A_ROW} calls in a row failed"
        return ""
