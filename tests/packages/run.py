"""Five tasks on each of some real packages, without a judge: what `pa` says, and if it is true.

`make packages`, or `make packages NAMES="NAME NAME"`. It ends with 1 where a case is wrong.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from honest.pair import Twin, below
from honest.run import VERDICTS, explain, say, write_worker
from packages.package import BROKEN, CASES, WORK, Case, Package, read_packages
from packages.setting import laid_out, new_repository
from support.environments import as_user
from support.front_door import Pa, Ran

PATIENCE = 600  # seconds for one run


@dataclass(frozen=True)
class Row:
    """What one case came to."""

    package: Package
    case: Case
    ran: Ran
    seconds: float

    @property
    def verdict(self) -> str:
        return VERDICTS.get(self.ran.code, f"exit {self.ran.code}")

    @property
    def fault(self) -> str:
        """What a person would have been told wrongly; "" where all is right."""
        allowed = self.package.expected(self.case)
        if self.verdict not in allowed:
            return f"it is not {' or '.join(allowed)}"
        asked = len(self.ran.of_kind("round_judged")) - 1
        if self.case == "untested" and self.verdict == "unverified" and asked != 1:
            return f"a test is asked for {asked} times, and not once"
        return ""


def run_package(package: Package, cases: Sequence[Case]) -> Iterator[Row]:
    project = laid_out(package)
    new_repository(package, project)
    original = {path: (project / path).read_text() for path in package.edited}
    with tempfile.TemporaryDirectory(prefix="packages-") as temporary:
        pa = Pa(home=Path(temporary, "home"), project=project, scripts=Path(temporary))
        pa.env = as_user(Path(temporary, "user"), PYTHONPATH="")
        pa.git("checkout", "-qb", "broken")
        pa.write(below("bug", package.sections, over=original))
        pa.commit("A change")
        for case in cases:
            pa.git("checkout", "-q", "broken" if case in BROKEN else "main")
            yield run_case(pa, package, case, original)
        pa.git("checkout", "-q", "main")


def run_case(pa: Pa, package: Package, case: Case, original: Mapping[str, str]) -> Row:
    worker = write_worker(pa.scripts / case, work_of(package, case, original))
    asked = package.asked(case)
    began = time.perf_counter()
    ran = pa(
        *("--output", "json", "--judge", "none", "--worker", f"command:{worker}"),
        *asked.options,
        *("--", asked.task),
        patience=PATIENCE,
    )
    return Row(package, case, ran, time.perf_counter() - began)


def work_of(package: Package, case: Case, original: Mapping[str, str]) -> Twin:
    """What a case's worker leaves and takes away."""
    bug = below("bug", package.sections, over=original)
    if case == "mended":
        return Twin({path: original[path] for path in bug}, (), "mends the bug", ())
    base = {**original, **(bug if case in BROKEN else {})}
    files: dict[str, str] = {}
    for folder in WORK[case]:
        files |= below(folder, package.sections, over={**base, **files})
    return Twin(files, package.deletes if case == "bent" else (), package.bends, ())


def print_row(row: Row) -> None:
    mark = "x" if row.fault else "."
    name, seconds = row.package.name, f"{row.seconds:5.1f} s"
    say(f"{mark} {name:22} {row.package.registry:5} {row.case:9} {row.verdict:11} {seconds}")
    if row.fault:
        say(f"    {row.fault}: {explain(row.ran)}")


def keep(row: Row, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{row.package.name}-{row.case}.jsonl").write_text(row.ran.out)


def chosen(names: Sequence[str]) -> list[Package]:
    packages = read_packages()
    if unknown := set(names) - {each.name for each in packages}:
        sys.exit(f"no package has the name {', '.join(sorted(unknown))}")
    return [each for each in packages if not names or each.name in names]


def main() -> int:
    """Prints the table. Returns 1 if a case is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these packages")
    parser.add_argument("--cases", nargs="*", default=CASES, choices=CASES)
    parser.add_argument("--keep", type=Path, help="a folder for what `pa` printed")
    options = parser.parse_args()
    began, rows = time.perf_counter(), list[Row]()
    for package in chosen(options.only):
        for row in run_package(package, options.cases):
            rows.append(row)
            print_row(row)
            if options.keep:
                keep(row, options.keep)
    wrong = sum(bool(row.fault) for row in rows)
    say(f"{len(rows)} cases, {wrong} wrong, {time.perf_counter() - began:.0f} s")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
