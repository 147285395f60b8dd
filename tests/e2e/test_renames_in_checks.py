"""A check may rename and link what the tree has, as in a plain folder."""

import pytest
from support.front_door import Pa

PYTHON = (
    "import os\nfrom calc import add\n\n\ndef test_rotates():\n"
    '    os.rename("data/old", "data/older")\n'
    '    assert os.path.exists("data/older/x") and add(1, 2) == 3\n\n\n'
    "def test_passes():\n    pass\n"
)
NODE = (
    "const { test } = require('node:test');\nconst fs = require('node:fs');\n"
    "test('rotates', () => fs.renameSync('data/old', 'data/older'));\n"
    "test('adds', () => { if (!fs.readFileSync('calc.py', 'utf8').includes('a + b')) throw 1 });\n"
)
MEND = "sed -i 's/a - b/a + b/' calc.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "check"),
    [("test_calc.py", PYTHON, "python -m pytest -q"), ("a.test.js", NODE, "node --test")],
)
def test_a_folder_of_the_tree_can_be_renamed(pa: Pa, name: str, text: str, check: str) -> None:
    pa.write({"calc.py": "def add(a, b):\n    return a - b\n", "data/old/x": "1\n", name: text})
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit("A test that rotates")
    ran = pa.task("--check", check, "--max-rounds", "1", worker=MEND)
    assert ran.finding(check)["finding"] == "proven", ran.finding(check)
    assert ran.code == 0
