"""The evidence of a round as one document: content-addressed, and chained by hash from entry to
entry and from round to round, so that nothing in it can be changed without showing.
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
from agentproxy.events.envelope import FrozenModel
from agentproxy.events.verdict import CheckVerdict, CriterionVerdict, Verdict

MAX_BUNDLE_BYTES = 512 << 20
FORMAT = 1


class BundleUnusable(Exception):
    """A bundle is missing, damaged, or not what its digest says."""


class EvidenceEntry(FrozenModel):
    """One run of one check. `link` is the sha256 of this entry with `link` left empty, and so of
    `previous`, the link before it: a chain.
    """

    check: Check
    on: Tree
    tree: str
    attempt: int
    result: CheckResult
    previous: str
    link: str = ""


class Bundle(FrozenModel):
    """What was run and seen for one claim, and what it was judged to say.

    `previous` is the digest of the bundle of the round before ("" for the first).
    """

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
    previous: str = ""


def canonical(value: FrozenModel) -> bytes:
    """The one spelling of a value that digests are taken of."""
    plain = value.model_dump(mode="json")
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(value: FrozenModel) -> str:
    """The sha256 of a value's one spelling, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def chain(entries: Iterable[EvidenceEntry]) -> tuple[EvidenceEntry, ...]:
    """The entries with their links; what they carried as links before is not looked at."""
    chained: list[EvidenceEntry] = []
    previous = ""
    for entry in entries:
        unlinked = entry.model_copy(update={"previous": previous, "link": ""})
        previous = digest(unlinked)
        chained.append(unlinked.model_copy(update={"link": previous}))
    return tuple(chained)


def store(bundle: Bundle, folder: Path) -> str:
    """Write a bundle under its digest, and say the digest. Blocking."""
    name = digest(bundle)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.json"
    if target.exists():
        return name
    part = folder / f".{name}.{secrets.token_hex(4)}"
    with part.open("xb") as file:
        file.write(canonical(bundle))
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    return name


def load(name: str, folder: Path) -> Bundle:
    """Read a bundle, whatever it says. Blocking.

    Raises:
        BundleUnusable: it is missing, too large, or no bundle.
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
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleUnusable(f"the bundle {name[:12]} is damaged at {where}") from error


def faults(name: str, bundle: Bundle) -> Sequence[str]:
    """What does not hold together in a bundle: nothing, when it is as it was stored."""
    found: list[str] = []
    if digest(bundle) != name:
        found.append("the content does not have the digest that it is stored under")
    for stored, right in zip(bundle.entries, chain(bundle.entries), strict=True):
        if stored != right:
            found.append(
                f"the chain breaks at check {stored.check.name!r} on {stored.on} "
                f"(attempt {stored.attempt})"
            )
            break
    return found
