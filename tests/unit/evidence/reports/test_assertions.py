"""A test that expects one error and meets another has looked at the result."""

import pytest

from agentproxy.evidence.reports.assertions import failed_line, fails_on_the_way


@pytest.mark.parametrize(
    ("shown", "asserted"),
    [
        ("    with pytest.raises(ValueError):\n>       f()", True),
        ("    with pytest.raises(ValueError) as error:\n        x = 1\n>       f(x)", True),
        ("    with open('x') as file:\n>       f(file)", False),
        ("    with pytest.raises(ValueError):\n        g()\n>   f()", False),
        ("test_a.py:5: in test_f\n    assert f() == 1\na.py:3: in f\n    g()", True),
        ("test_a.py:5: in test_f\n    f()\na.py:3: in f\n    assert g()", False),
        ("    assert (\n>       f().x\n        == 1\n    )", True),
        ("    self.assertEqual(\n>       f().x,\n        1,\n    )", True),
        ("    print(\n>       f().x,\n    )", False),
        ("    if assertion(\n>       f().x,\n    )", False),
        (">   with self.client.get(f().x) as answer:", False),
        (">   with self.assertRaises(f().x):", True),
        (">   result = f().x", False),
        ("", False),
    ],
)
def test_an_error_in_place_of_the_expected_one_is_a_failed_assertion(
    shown: str, asserted: bool
) -> None:
    assert fails_on_the_way("KeyError: 1", *failed_line(f"{shown}\nE   KeyError: 1")) is asserted
