"""Every weak point of the described service has a test that would fail on it, or a reason."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parents[1]
POINTS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("weak_points.toml").read_text()
)


def named_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def test_every_number_is_there_once() -> None:
    assert [int(number) for number in POINTS] == list(range(1, 60))


@pytest.mark.parametrize("number", POINTS)
def test_a_weak_point_has_tests_that_exist_or_a_reason(number: str) -> None:
    point = POINTS[number]
    assert point["what"]
    assert bool(point.get("tests")) != bool(point.get("not_yet"))
    for named in point.get("tests", ()):
        file, _, test = named.partition("::")
        assert test in named_in(file), named
