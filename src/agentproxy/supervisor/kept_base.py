"""What earlier runs saw of the same base, and what this run leaves to later ones (decision 21)."""

import asyncio
import hashlib
import os
import time
from dataclasses import dataclass, field

from agentproxy.events.check import BASE, CheckResult
from agentproxy.events.contract import Check
from agentproxy.evidence.attempts import whole
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.kept_results import (
    KeptResults,
    is_steadily_green,
    key_of,
    may_be_kept,
)
from agentproxy.supervisor.environments import environment_of
from agentproxy.supervisor.state import State
from agentproxy.workspace.environment.contents import digest_at_hand, unchanged_since
from agentproxy.workspace.trees.clone import digest_of_git_files


@dataclass
class KeptBase:
    """The results of one run's base; `store` None keeps nothing and takes nothing over."""

    store: KeptResults | None
    product: str
    run: str
    # By the name of the check, as everything at hand was before the check ran.
    keys: dict[str, str] = field(default_factory=dict[str, str])
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looked_at: float = 0.0
    _at_hand: dict[str, object] | None = None
    # Whether the files in folders are still those of that moment.
    _unchanged: dict[float, bool] = field(default_factory=dict[float, bool])

    async def take_over(
        self, check: Check, state: State, checks: CheckContext
    ) -> CheckResult | None:
        """Returns the result of an earlier run on the same base, in the same surroundings."""
        if self.store is None or not checks.sandbox.isolates or not may_be_kept(check):
            return None
        # Checks that begin together look once.
        async with self._reading:
            if self._at_hand is None:
                self._looked_at = time.time()
                self._at_hand = await self._look(state, checks)
            if not self._at_hand:
                return None
            key = self.keys[check.name] = key_of(check, self._at_hand)
            kept = await asyncio.to_thread(self.store.find, key)
            # All files of the environment are many: only where there is a result to take over.
            if kept is not None and (moment := kept.looked_at) not in self._unchanged:
                environment = environment_of(BASE, state=state)
                self._unchanged[moment] = await asyncio.to_thread(
                    unchanged_since, environment, checks.repository.root, moment
                )
        return kept.result if kept is not None and self._unchanged[kept.looked_at] else None

    async def forget(self, state: State) -> None:
        """Forgets what was not green in all attempts."""
        for name, key in self.keys.items():
            results = state.results_of(name, BASE)
            if self.store is not None and results and not is_steadily_green(results):
                await asyncio.to_thread(self.store.forget, key)

    async def keep(self, state: State, checks: CheckContext) -> None:
        """Keeps what was green in all attempts, and really ran."""
        ran = [
            (check, whole(results)[-1])
            for check in state.require_contract().checks
            if check.name in self.keys and (results := state.results_of(check.name, BASE))
            if is_steadily_green(results) and not results[0].taken_from
        ]
        if self.store is None or not ran:
            return
        # What changed while the checks ran is in no key.
        at_hand = await self._look(state, checks)
        for check, result in ran:
            key = self.keys[check.name]
            if at_hand and key == key_of(check, at_hand):
                await asyncio.to_thread(
                    self.store.keep, key, result, run=self.run, looked_at=self._looked_at
                )

    async def _look(self, state: State, checks: CheckContext) -> dict[str, object]:
        """What a check on the base depends on, but for the files in folders; empty: unknown."""
        base, environment = state.require_base(), environment_of(BASE, state=state)
        contents = await asyncio.to_thread(digest_at_hand, environment, checks.repository.root)
        if contents is None:
            return {}
        told = {"notes", "missing", "asked", "prints"}
        return {
            "product": self.product,
            "system": hashlib.sha256(" ".join(os.uname()).encode()).hexdigest(),
            "sandbox": state.lifecycle.sandbox,
            "root": str(checks.repository.root),
            "head": base.head,
            "tree": base.tree,
            "git": await digest_of_git_files(checks.repository, base.commit),
            "environment": environment.model_dump(mode="json", exclude=told),
            "contents": contents,
        }
