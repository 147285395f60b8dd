"""Each promise of the documents has a test that shows it, or a reason why it is not shown."""

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
SHOWN: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("checklist.toml").read_text())[
    "shown"
]
# What the documents promise of this service, by their numbers.
PROMISED = {
    *(f"AP-{number:02}" for number in range(1, 82)),
    *(f"OA-{number}" for number in (*range(15, 36), *range(54, 210))),
}


def expanded(ids: str) -> list[str]:
    """The numbers of a row; `A..B` are all between."""
    found: list[str] = []
    for part in ids.split():
        first, _, last = part.partition("..")
        kind, low = re.fullmatch(r"(AP|OA)-(\d+)", first).groups()  # type: ignore[union-attr]
        high = last.partition("-")[2] or low
        found += [f"{kind}-{number:02}" for number in range(int(low), int(high) + 1)]
    return found


def test_every_promise_is_in_the_table_once_and_nothing_else() -> None:
    counted = Counter(number for row in SHOWN for number in expanded(row["ids"]))
    assert {number for number, count in counted.items() if count > 1} == set()
    assert set(counted) == PROMISED


def test_what_is_shown_has_tests_that_exist() -> None:
    for row in SHOWN:
        shown = row.get("tests") or row.get("targets")
        assert bool(shown) != bool(row.get("not_yet")), row["ids"]
        for named in row.get("tests", ()):
            file, _, test = named.partition("::")
            tree = ast.parse((TESTS / file).read_text())
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert test in names, named


def test_what_a_target_or_a_figure_shows_is_run() -> None:
    gate = (ROOT / ".ci/run").read_text().splitlines()
    benches = (ROOT / "Makefile").read_text()
    for row in SHOWN:
        for target in row.get("targets", ()):
            assert {f"make {target}", f"begin make {target}"} & {*gate}, row["ids"]
        for program in row.get("figures", ()):
            assert f"python {program}\n" in benches, row["ids"]
    # What runs beside something else is waited for, and fails with it.
    ordered = [line.split()[0] for line in gate if line.startswith("begin ") or line == "finish"]
    assert ordered == ["begin", "finish"] * (len(ordered) // 2)
