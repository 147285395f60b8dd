"""Small projects with something to fix, and what workers do to them."""

CALC = {
    "calc.py": "def add(a, b):\n    return a - b\n\n\ndef double(a):\n    return a * 2\n",
    ".gitignore": "__pycache__/\n.venv/\nnode_modules/\n",
}
TESTED_CALC = {
    **CALC,
    "test_calc.py": (
        "from calc import add, double\n\n\n"
        "def test_add():\n    assert add(1, 2) == 3\n\n\n"
        "def test_double():\n    assert double(2) == 4\n"
    ),
}
PYTEST = "python -m pytest -q"
CHECK = "grep -q 'a + b' calc.py"  # says the same of `add` where no tests are the point
MEND = "sed -i 's/a - b/a + b/' calc.py"
BREAK_DOUBLE = "sed -i 's/a \\* 2/a * 3/' calc.py"
UNITTEST = "python -m unittest -q"
# Beside tests in a file that pytest would collect: what is discovered would run them again.
NOTHING_DISCOVERED = {"agentproxy.toml": "discovered = false\n"}


def unittest_of(imports: str, **tests: str) -> str:
    """A file of tests for `UNITTEST`, which takes a fifth of what pytest takes to start."""
    bodies = "".join(
        f"\n    def test_{name}(self):\n        {body}\n" for name, body in tests.items()
    )
    return f"import unittest\n\n{imports}\n\n\nclass Test(unittest.TestCase):{bodies}"


# What `TESTED_CALC` is for `UNITTEST`.
UNITTESTED_CALC = {
    **CALC,
    **NOTHING_DISCOVERED,
    "test_calc.py": unittest_of(
        "from calc import add, double",
        add="self.assertEqual(add(1, 2), 3)",
        double="self.assertEqual(double(2), 4)",
    ),
}
