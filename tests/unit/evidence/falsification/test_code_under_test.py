"""The code that a claim of tests is about: what the task names, else what its tests mention."""

import pytest

from agentproxy.evidence.falsification.mutants.code_under_test import (
    FunctionPlace,
    Mentions,
    candidate_files,
    choose_targets,
    words_of,
)

PLACES = [
    FunctionPlace("src/shop/dates.py", "parse_date"),
    FunctionPlace("src/shop/dates.py", "format"),
    FunctionPlace("src/shop/cart.py", "Cart.add"),
    FunctionPlace("src/shop/cart.py", "Cart.total"),
    FunctionPlace("src/shop/cart.py", "add"),
    FunctionPlace("src/other/dates.py", "parse_date"),
    FunctionPlace("src/other/text.py", "slugify"),
]


def targets(task: str, tests: str) -> list[str]:
    words = words_of(tests)
    chosen = choose_targets(PLACES, Mentions(task, words, words))
    return [f"{each.place.path}::{each.place.function}" for each in chosen]


DATES = "from shop.dates import parse_date"
CART = "from shop.cart import Cart; Cart().add(1); total"


@pytest.mark.parametrize(
    ("task", "tests", "chosen"),
    [
        ("Add tests for parse_date", DATES, ["src/shop/dates.py::parse_date"]),
        # What the task names is meant, whatever the tests are about.
        ("Add tests for slugify", DATES, ["src/other/text.py::slugify"]),
        ("The slugify function has no tests", DATES, ["src/other/text.py::slugify"]),
        ("Test `format` well", DATES, ["src/shop/dates.py::format"]),
        ("Cover format() too", DATES, ["src/shop/dates.py::format"]),
        (
            "Add tests for the Cart class",
            "from shop.cart import Cart; total",
            ["src/shop/cart.py::Cart.total"],
        ),
        ("Add tests for dates.py", DATES, ["src/shop/dates.py::parse_date"]),
        (
            "Add tests for the cart module",
            CART,
            ["src/shop/cart.py::Cart.add", "src/shop/cart.py::Cart.total", "src/shop/cart.py::add"],
        ),
        ("Add tests for shop.dates", DATES, ["src/shop/dates.py::parse_date"]),
        # "add" and "format" are words of the language here.
        ("Add more tests, and add them in a good format", DATES, ["src/shop/dates.py::parse_date"]),
        ("Raise the coverage", "from other.text import slugify", ["src/other/text.py::slugify"]),
        (
            "Raise the coverage",
            "import text",
            ["src/other/text.py::slugify"],
        ),
        ("Raise the coverage", "nothing of it", []),
    ],
)
def test_what_is_chosen(task: str, tests: str, chosen: list[str]) -> None:
    assert targets(task, tests) == chosen


def test_likely_files_come_first_and_tests_and_packages_of_others_are_left_out() -> None:
    paths = [
        "a/z.py",
        "node_modules/m/index.js",
        "tests/test_dates.py",
        "README.md",
        "src/shop/dates.py",
        "src/named.ts",
    ]
    words = words_of(DATES)
    found = candidate_files(paths, Mentions("Add tests for named.ts", words, words))
    assert found == ["src/named.ts", "src/shop/dates.py", "a/z.py"]
