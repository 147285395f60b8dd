"""Which new modules change what others load."""

from collections.abc import Collection

import pytest

from agentproxy.evidence.patching_tests import find_patching_modules, loads_any


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"fix.py": "import calc\ncalc.add = lambda a, b: a + b\n"}, ("fix",)),
        ({"fix/__init__.py": "from calc import Calc\nCalc.add = fixed\n"}, ("fix",)),
        ({"fix.py": "import calc\nsetattr(calc, 'add', fixed)\n"}, ("fix",)),
        ({"fix.py": "import sys\nsys.modules['calc'] = fixed\n"}, ("fix",)),
        ({"fix.py": "import calc\ncalc.a = 1\n", "b.py": "import fix\n", "c.py": "import b\n"},
         ("fix", "b", "c")),
        ({"lib/fix.js": "const calc = require('./calc');\ncalc.add = fixed;\n"}, ("fix",)),
        ({"a.py": "def set_it(self, row):\n    self.x = 1\n    row.y = 2\n"}, ()),
        ({"a.py": "import calc\nif calc.add == 1:\n    x = calc.add\n"}, ()),
        ({"a.md": "import calc\ncalc.add = 1\n"}, ()),
    ],
)  # fmt: skip
def test_a_module_that_assigns_to_what_it_imports_is_named(
    files: dict[str, str], expected: Collection[str]
) -> None:
    assert find_patching_modules(files) == frozenset(expected)


def test_only_a_line_that_imports_loads() -> None:
    assert loads_any("from lib import fix\n", {"fix"})
    assert loads_any("const fix = require('./fix');\n", {"fix"})
    assert not loads_any("import calc\n\nfix = 1\n", {"fix"})
