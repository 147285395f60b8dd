"""The evidence of one round as one document.

It is stored by its digest. Hashes chain its entries and the rounds, so that a change shows.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from agentproxy.events.check import CheckResult, Tree
from agentproxy.events.contract import Check, Contract
from agentproxy.events.envelope import FrozenModel, first_fault
from agentproxy.events.verdict import CheckVerdict, CriterionVerdict, Verdict

MAX_BUNDLE_BYTES = 512 << 20
FORMAT = 1


class BundleUnusable(Exception):
    """A bundle is missing, damaged, or does not match its digest."""


class EvidenceEntry(FrozenModel):
    """One run of one check. `previous` is the `link` of the entry before."""

    check: Check
    on: Tree
    tree: str
    attempt: int
    result: CheckResult
    previous: str
    # The sha256 of this entry with an empty `link`. It covers `previous`, which makes the chain.
    link: str = ""


class Bundle(FrozenModel):
    """Every check run for one claim, with the verdicts that follow from them."""

    format: int = FORMAT
    product: str
    run: str
    round: int
    contract: Contract
    base_commit: str
    base_tree: str
    claim_commit: str
    claim_tree: str
    sandbox: str
    environment: tuple[str, ...]
    entries: tuple[EvidenceEntry, ...]
    checks: tuple[CheckVerdict, ...]
    criteria: tuple[CriterionVerdict, ...]
    verdict: Verdict
    reason: str
    # The digest of the bundle of the round before, "" in the first round.
    previous: str = ""


def canonical(value: FrozenModel) -> bytes:
    """Returns the one JSON encoding of a value, over which digests are computed."""
    plain = value.model_dump(mode="json")
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(value: FrozenModel) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def chain(entries: Iterable[EvidenceEntry]) -> tuple[EvidenceEntry, ...]:
    """Returns the entries with new links; links that they had before do not count."""
    chained: list[EvidenceEntry] = []
    previous = ""
    for entry in entries:
        unlinked = entry.model_copy(update={"previous": previous, "link": ""})
        previous = digest(unlinked)
        chained.append(unlinked.model_copy(update={"link": previous}))
    return tuple(chained)


def store(bundle: Bundle, folder: Path) -> str:
    """Writes a bundle and returns its digest, which names the file. Blocking."""
    name = digest(bundle)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.json"
    if target.exists():
        return name
    # A crash must never leave half a bundle under its digest.
    part = folder / f".{name}.{secrets.token_hex(4)}"
    with part.open("xb") as file:
        file.write(canonical(bundle))
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    return name


def load(name: str, folder: Path) -> Bundle:
    """Reads a bundle without checking its content; `faults` checks it. Blocking.

    Raises:
        BundleUnusable: it is missing, too large, or not a bundle.
    """
    target = folder / f"{name}.json"
    try:
        if target.stat().st_size > MAX_BUNDLE_BYTES:
            raise BundleUnusable(
                f"the bundle {name[:12]} is larger than {MAX_BUNDLE_BYTES >> 20} MiB"
            )
        return Bundle.model_validate_json(target.read_bytes())
    except OSError as error:
        raise BundleUnusable(f"the bundle {name[:12]} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        where, _ = first_fault(error)
        raise BundleUnusable(f"the bundle {name[:12]} is damaged at {where}") from error


def faults(name: str, bundle: Bundle) -> Sequence[str]:
    """Returns what is inconsistent in a bundle; empty when it is as it was stored."""
    found: list[str] = []
    if digest(bundle) != name:
        found.append("the content does not match the digest in the file name")
    for stored, right in zip(bundle.entries, chain(bundle.entries), strict=True):
        if stored != right:
            found.append(
                f"the hash chain breaks at check {stored.check.name!r} on {stored.on} "
                f"(attempt {stored.attempt})"
            )
            # Every later link depends on this one, so further faults say nothing new.
            break
    return found
