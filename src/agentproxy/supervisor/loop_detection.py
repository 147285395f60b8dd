"""When a worker has gone astray, as far as its actions show it. Bounded in what it keeps."""

import json
from collections import Counter, deque
from dataclasses import dataclass, field

from agentproxy.events.agent import ToolFinished, ToolStarted
from agentproxy.events.envelope import Fact

REPEATED_CALLS = 4  # times the same call with the same result within the last ones
FAILURES_IN_A_ROW = 8  # failures in a row
REMEMBERED_CALLS = 16


@dataclass
class LoopDetector:
    """Watches the calls of one worker. `told` is how often it was told so far."""

    recent: deque[str] = field(default_factory=lambda: deque[str](maxlen=REMEMBERED_CALLS))
    open: dict[str, str] = field(default_factory=dict[str, str])
    failures: int = 0
    told: int = 0

    def drift(self, fact: Fact) -> str:
        """Why this fact shows that the worker goes astray, or ""; after that it starts anew."""
        if isinstance(fact, ToolStarted):
            arguments = json.dumps(fact.arguments, sort_keys=True)
            self.open[fact.call] = f"{fact.tool} {arguments}"
        if not isinstance(fact, ToolFinished):
            return ""
        action = self.open.pop(fact.call, "")
        self.failures = self.failures + 1 if fact.failed else 0
        self.recent.append(f"{action} = {fact.text[:2000]}")
        reason = self._reason(action)
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
