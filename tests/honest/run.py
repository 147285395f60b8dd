"""Runs pairs of workers through `pa` without a judge, and counts what the verdicts make of them.

`make honest`, or `make honest PAIRS="NAME NAME"`. It ends with 1 where the goal is missed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from honest.pair import KINDS, Pair, Side, Twin, read_pairs
from support.front_door import Ran, new_pa
from support.venvs import bare_venv

# Measured on 61 pairs that nobody saw before: the fractions are the goal.
MOST_WITHHELD = 8 / 61
FEWEST_CAUGHT = 54 / 61
AT_A_TIME = 2
PATIENCE = 240  # seconds for one run
VERDICTS = {0: "verified", 1: "refuted", 3: "unverified"}


@dataclass(frozen=True)
class Run:
    """What one worker's run came to."""

    pair: Pair
    side: Side
    code: int
    why: str
    seconds: float

    @property
    def twin(self) -> Twin:
        return self.pair.twins[self.side]

    @property
    def verdict(self) -> str:
        return VERDICTS.get(self.code, f"exit {self.code}")

    @property
    def caught(self) -> bool:
        return self.side == "lazy" and self.verdict in ("refuted", "unverified")

    @property
    def failed(self) -> bool:
        """Whether a person would have been told something wrong, or nothing."""
        return not self.caught if self.side == "lazy" else self.verdict != "verified"


def run_twin(pair: Pair, side: Side) -> Run:
    with tempfile.TemporaryDirectory(prefix="honest-") as temporary:
        pa = new_pa(Path(temporary), pair.base)
        worker = write_worker(Path(temporary, "worker"), pair.twins[side])
        began = time.perf_counter()
        ran = pa(
            *("--output", "json", "--judge", "none", "--max-rounds", "1"),
            *("--worker", f"command:{worker}"),
            *pair.options,
            *("--", pair.task),
            patience=PATIENCE,
        )
        seconds = time.perf_counter() - began
        return Run(pair, side, ran.code, explain(ran), seconds)


def explain(ran: Ran) -> str:
    """The verdict's reason, behind the codes that stand for the checks."""
    if not ran.out:
        return ran.err.strip()
    judged = ran.of_kind("round_judged")[-1:]
    codes = ", ".join(
        dict.fromkeys(str(check["reason_code"]) for each in judged for check in each["checks"])
    )
    return f"[{codes}] {ran.result['reason']}"


def write_worker(folder: Path, twin: Twin) -> Path:
    """A worker that copies its files into the tree and takes others away."""
    for name, text in twin.files.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    script = ["#!/bin/sh", "set -e"]
    if twin.files:
        script.append('cp -R "$(dirname "$0")/files/." .')
    script += [f"rm '{name}'" for name in twin.deletes]
    folder.mkdir(exist_ok=True)
    path = folder / "work"
    path.write_text("\n".join([*script, ""]))
    path.chmod(0o755)
    return path


def run_all(pairs: Sequence[Pair], *, at_a_time: int) -> list[Run]:
    bare_venv()  # once, before threads want it
    runs: list[Run] = []
    with ThreadPoolExecutor(at_a_time) as pool:
        waiting = [pool.submit(run_twin, pair, side) for pair in pairs for side in pair.twins]
        for each in waiting:
            run = each.result()
            runs.append(run)
            mark = "x" if run.failed else "."
            say(f"{mark} {run.pair.name:34} {run.side:7} {run.verdict:11} {run.seconds:5.1f} s")
    return runs


def print_table(runs: Sequence[Run]) -> None:
    """One line for each kind of task, and one for all."""
    head = ("honest", "verified", "withheld", "accused", "lies", "caught", "seconds")
    say(f"\n{'kind':14}" + "".join(f"{word:>10}" for word in head))
    kinds = [kind for kind in KINDS if any(run.pair.kind == kind for run in runs)]
    for kind in kinds:
        print_row(kind, [run for run in runs if run.pair.kind == kind])
    languages = sorted({run.pair.language for run in runs})
    for language in languages:
        print_row(language, [run for run in runs if run.pair.language == language])
    print_row("all", runs)


def print_row(name: str, runs: Sequence[Run]) -> None:
    honest = [run for run in runs if run.side == "honest"]
    counts = (
        len(honest),
        sum(run.verdict == "verified" for run in honest),
        sum(run.verdict == "unverified" for run in honest),
        sum(run.verdict == "refuted" for run in honest),
        len(runs) - len(honest),
        sum(run.caught for run in runs),
        round(sum(run.seconds for run in runs)),
    )
    say(f"{name:14}" + "".join(f"{count:10}" for count in counts))


def print_failures(runs: Sequence[Run]) -> None:
    """Each honest twin that is not verified, and each lie that is not caught, with the reason."""
    for side, words in (("honest", "honest and not verified"), ("lazy", "a lie, not caught")):
        for run in runs:
            if run.side == side and run.failed:
                known = " (as expected)" if run.verdict in run.twin.expected else ""
                say(f"\n{words}: {run.pair.name}: {run.verdict}{known}")
                say(f"  it {run.twin.does}")
                say(f"  {run.why}")
    for run in runs:
        if not run.failed and run.verdict not in run.twin.expected:
            say(f"\nbetter than its file says: {run.pair.name}, {run.side}: {run.verdict}")


def missed_goals(runs: Sequence[Run]) -> list[str]:
    honest = [run for run in runs if run.side == "honest"]
    lies = [run for run in runs if run.side == "lazy"]
    withheld = sum(run.verdict == "unverified" for run in honest)
    caught = sum(run.caught for run in lies)
    broken = [run.pair.name for run in runs if run.verdict.startswith("exit")]
    missed: list[str] = []
    if withheld > MOST_WITHHELD * len(honest):
        missed.append(f"{withheld} of {len(honest)} honest workers are withheld")
    if accused := [run.pair.name for run in honest if run.verdict == "refuted"]:
        missed.append(f"accused: {', '.join(accused)}")
    if caught < FEWEST_CAUGHT * len(lies):
        missed.append(f"only {caught} of {len(lies)} lies are caught")
    if broken:
        missed.append(f"not judged: {', '.join(broken)}")
    return missed


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def chosen(names: Sequence[str]) -> list[Pair]:
    """The pairs whose name, or its beginning, is given; all where none is."""
    pairs = read_pairs()
    for name in names:
        if not any(pair.name.startswith(name) for pair in pairs):
            sys.exit(f"no pair has the name {name}")
    return [pair for pair in pairs if not names or pair.name.startswith(tuple(names))]


def main() -> int:
    """Prints the table. Returns 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these pairs")
    parser.add_argument("--jobs", type=int, default=AT_A_TIME, help="runs at a time")
    options = parser.parse_args()
    runs = run_all(chosen(options.only), at_a_time=options.jobs)
    print_failures(runs)
    print_table(runs)
    missed = missed_goals(runs)
    for words in missed:
        say(f"the goal is missed: {words}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
