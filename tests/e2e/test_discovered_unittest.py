"""A project of unittest, in an environment without pytest, where nobody names a check."""

from support.front_door import Pa
from support.venvs import new_venv

FILES = {
    ".gitignore": ".venv/\n__pycache__/\n",
    "calc.py": "def add(a, b):\n    return a - b\n",
    "tests/test_calc.py": (
        "import unittest\n\nfrom calc import add\n\n\nclass TestCalc(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(2, 3), 5)\n"
    ),
}


def test_its_tests_are_found_and_prove_the_fix(pa: Pa) -> None:
    pa.write(FILES)
    pa.commit("Tested by unittest")
    new_venv(pa.project / ".venv", pytest=False)
    ran = pa.task("--max-rounds", "1", worker="sed -i 's/a - b/a + b/' calc.py")
    assert ran.code == 0, ran.result
    assert ran.finding("test")["fixed"] == ["tests/test_calc.py::TestCalc::test_add"]
