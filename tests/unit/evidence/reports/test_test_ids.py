"""What names of tests mean."""

import pytest

from agentproxy.evidence.reports.test_ids import is_known_red

NODE = "test/cart.test.js::totals > adds"


@pytest.mark.parametrize(
    ("pattern", "name", "is_meant"),
    [
        (NODE, NODE, True),
        ("totals > adds", NODE, True),
        ("totals > *", NODE, True),
        ("test/cart.test.js", NODE, True),
        ("test/cart.test.js::", NODE, True),
        ("test/", NODE, True),
        ("adds", NODE, False),
        ("totals", NODE, False),
        ("other.test.js::totals > adds", NODE, False),
        ("adds", "adds", True),
        ("test_adds", "tests/test_cart.py::test_adds", False),
        ("*::test_adds", "tests/test_cart.py::test_adds", True),
        ("adds", "src/lib.rs::adds", False),
        ("TestAdd", "pkg/calc_test.go::TestAdd", True),
        ("TestAdd/*", "pkg/calc_test.go::TestAdd/none", True),
    ],
)
def test_a_test_of_javascript_or_go_is_known_with_its_file_and_without(
    pattern: str, name: str, *, is_meant: bool
) -> None:
    assert is_known_red(name, [pattern]) == is_meant
