"""Green results of bases, kept by everything that they depend on, for later runs (decision 21)."""

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.envelope import FrozenModel
from agentproxy.evidence.attempts import fold_attempts, status_of

FORMAT = 4
MAX_RESULTS = 200
MAX_BYTES = 8 << 20  # of one result
MAX_AGE = 7 * 24 * 3600.0  # seconds; a date or a kernel may change unseen


class KeptResult(FrozenModel):
    """A result, the run that got it, and when that run first looked at what the result depends on:
    seconds since the epoch.
    """

    run: str
    looked_at: float
    result: CheckResult


def key_of(check: Check, depends_on: Mapping[str, object]) -> str:
    """Returns the name of a result: another one where anything that it depends on differs, but for
    the files in folders.
    """
    asked = check.model_dump(mode="json", exclude={"name", "role", "source"})
    text = json.dumps([FORMAT, asked, depends_on], sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def may_be_kept(check: Check) -> bool:
    # What the host's network answers is not part of any key.
    return check.network == "none"


def is_steadily_green(results: Sequence[CheckResult]) -> bool:
    """Whether all attempts passed, with the same outcome of each test.

    A failing base is never kept: that a claim repairs it must be seen anew (decision 21).
    """
    side = fold_attempts(results)
    passes = all(status_of(each) == "passes" for each in results)
    ran_whole = bool(results) and not results[0].left_out
    return ran_whole and passes and not side.flaky and not side.names_of("failed")


@dataclass(frozen=True, slots=True)
class KeptResults:
    """The store, one file for each result. All of it blocks."""

    folder: Path

    def find(self, key: str) -> KeptResult | None:
        """Returns a kept result, which names its run; None where there is none that counts."""
        file = self.folder / f"{key}.json"
        try:
            status = file.stat()
            if status.st_size > MAX_BYTES or status.st_mtime < time.time() - MAX_AGE:
                return None
            kept = KeptResult.model_validate_json(file.read_bytes())
        except (OSError, ValidationError):
            return None
        if not is_steadily_green([kept.result]):
            return None
        result = kept.result.model_copy(update={"taken_from": kept.run})
        return kept.model_copy(update={"result": result})

    def keep(self, key: str, result: CheckResult, *, run: str, looked_at: float) -> None:
        """Keeps a result. A store that cannot be written costs time later, and nothing else."""
        content = KeptResult(run=run, looked_at=looked_at, result=result).model_dump_json().encode()
        if len(content) > MAX_BYTES:
            return
        part = self.folder / f".{secrets.token_hex(8)}.part"
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.write_bytes(content)
            part.replace(self.folder / f"{key}.json")
            self._sweep()

    def forget(self, key: str) -> None:
        with contextlib.suppress(OSError):
            (self.folder / f"{key}.json").unlink(missing_ok=True)

    def _sweep(self) -> None:
        with os.scandir(self.folder) as entries:
            found = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
        oldest = time.time() - MAX_AGE
        for number, (written, path) in enumerate(reversed(found)):
            if number >= MAX_RESULTS or written < oldest:
                Path(path).unlink(missing_ok=True)
