"""What a tree shows of a task that removes or renames something."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agentproxy.events.git_facts import Change
from agentproxy.evidence.asked.task_text import read_task
from agentproxy.evidence.asked.tree_facts import Occurrences, WordCounts, find_done

LESS = (Change(path="a.py", status="modified", added=1, removed=9),)


def counted(
    before: dict[str, dict[str, int]],
    after: dict[str, dict[str, int]],
    code: dict[str, tuple[str, str]] | None = None,
) -> WordCounts:
    return WordCounts(Occurrences(before), Occurrences(after), code or {})


@pytest.mark.parametrize(
    ("before", "after", "done"),
    [
        ({"old_one": {"a.py": 2, "b.py": 1}}, {"old_one": {}}, True),
        ({"old_one": {"a.py": 2}}, {"old_one": {"CHANGELOG.md": 1}}, True),
        ({"old_one": {"a.py": 2}}, {"old_one": {"b.py": 1}}, False),
        ({"old_one": {"a.py": 2}}, {"old_one": {"tests/test_a.py": 1}}, False),
        ({"old_one": {}}, {"old_one": {}}, False),
    ],
)
def test_what_is_removed_stands_nowhere_in_the_code(
    before: dict[str, dict[str, int]], after: dict[str, dict[str, int]], done: bool
) -> None:
    found = find_done(read_task("Remove `old_one`"), counted(before, after), LESS)
    assert bool(found) is done


def test_what_has_another_name_is_not_removed() -> None:
    counts = counted({"old_one": {"a.py": 2}}, {"old_one": {}})
    same = (Change(path="a.py", status="modified", added=9, removed=9),)
    assert find_done(read_task("Remove `old_one`"), counts, same) == ()


@pytest.mark.parametrize(
    ("path", "before", "after", "done"),
    [
        ("duration.py", "def add(a):\n    x\n\ndef sub(a):\n", "def sub(a):\n", True),
        ("duration.py", "def add(a):\n    x\n", "def add(a, b):\n    x\n", False),
        ("times.py", "class duration:\n    def add(self):\n", "class duration:\n", True),
        ("other.py", "def add(a):\n", "", False),
        ("duration.js", "  add(a, b) {\n", "", True),
    ],
)
def test_of_a_dotted_name_the_definition_goes(
    path: str, before: str, after: str, done: bool
) -> None:
    counts = counted({}, {}, {path: (before, after)})
    assert bool(find_done(read_task("Remove duration.add and its test"), counts, LESS)) is done


@pytest.mark.parametrize(
    ("after", "done"),
    [
        ({"total": {}, "worth": {"a.py": 3, "tests/test_a.py": 1}}, True),
        ({"total": {"a.py": 1}, "worth": {"a.py": 3}}, False),
        ({"total": {"tests/test_a.py": 1}, "worth": {"a.py": 3}}, False),
        ({"total": {}, "worth": {"a.py": 1}}, False),
    ],
)
def test_what_is_renamed_has_the_new_name_wherever_it_had_the_old(
    after: dict[str, dict[str, int]], done: bool
) -> None:
    counts = counted({"total": {"a.py": 3}, "worth": {}}, after)
    assert bool(find_done(read_task("Rename `total` to `worth`"), counts, LESS)) is done


def test_a_task_that_asks_for_more_is_not_done_by_a_name() -> None:
    counts = counted({"old_one": {"a.py": 2}}, {"old_one": {}})
    task = read_task("Remove `old_one` and make `new_one` accept its arguments")
    assert find_done(task, counts, LESS) == ()


MOVES = (
    "Move src/a.js to src/in/a.js and test/a.test.js to test/in/a.test.js; exports stay the same."
)


@pytest.mark.parametrize(
    ("new", "at", "done"),
    [
        ("const b = require('../b');\n\nexports.one = () => b(1);\n", "src/in/a.js", True),
        ("const b = require('../b');\nexports.one = () => b(2);\n", "src/in/a.js", False),
        ("const b = require('./b');\nexports.one = () => b(1);\n", "src/other/a.js", False),
    ],
)
def test_what_is_moved_is_as_it_was_but_for_the_paths_that_it_loads(
    new: str, at: str, done: bool
) -> None:
    old = "const b = require('./b');\nexports.one = () => b(1);\n"
    code = {"src/a.js": (old, ""), at: ("", new)}
    counts = replace(counted({}, {}, code), deleted=["src/a.js", "test/a.test.js"])
    changes = [
        *(Change(path=path, status="deleted") for path in counts.deleted),
        Change(path=at, status="added"),
        Change(path="test/in/a.test.js", status="added"),
    ]
    found = find_done(read_task(MOVES), counts, changes)
    assert bool(found) is done
    # A part of the moves is not all of them.
    assert find_done(read_task(MOVES), counts, changes[:-1]) == ()
    assert find_done(read_task(f"{MOVES} Also add an option."), counts, changes) == ()


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("import { b,\n  c\n} from './b';\n", "import { b,\n  c\n} from '../b';\n", True),
        ('export * from "./b";\n', 'export * from "../b";\n', True),
        ("const { b } = require('./b').c;\n", "const { b } = require('../b').c;\n", True),
        ("export const fee = 3;\n", "export const fee = 0;\n", False),
        ("export function b() { return 3; }\n", "export function b() { return 0; }\n", False),
        ("fee = 3  # from the list\n", "fee = 0  # from the list\n", False),
        ("raise Bad from error\n", "raise Good from error\n", False),
        ("import os\n", "import os; os.fee = 0\n", False),
        ("import os\n", f"import{' ' * 50_000}!\n", False),
        ("const b = require('./b')(3);\n", "const b = require('../b')(0);\n", False),
    ],
)
def test_a_line_that_does_more_than_to_load_is_as_it_was(old: str, new: str, same: bool) -> None:
    rest = "one = 1\n"
    code = {"src/a.js": (old + rest, ""), "src/in/a.js": ("", new + rest)}
    counts = replace(counted({}, {}, code), deleted=["src/a.js"])
    changes = [
        Change(path="src/a.js", status="deleted"),
        Change(path="src/in/a.js", status="added"),
    ]
    task = read_task("Move src/a.js to src/in/a.js; exports stay the same.")
    assert bool(find_done(task, counts, changes)) is same


TWO = "export * from './b';\nexport * from './c';\n"
LISTS = "import {\n  a,\n} from './one/b';\nimport {\n  c,\n} from './two/b';\n"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("import { b } from './b.js';\n", "import { b } from '../b';\n", True),
        ("import b from 'b';\n", "import b from 'b';\n", True),
        ("const { b } = require('.');\n", "const { b } = require('../index.js');\n", True),
        ("import { b,\n  c\n} from './b';\n", "import { b,\n  c\n} from '../c';\n", False),
        ("import b from 'b';\n", "import b from 'c';\n", False),
        ("const { b } = require('./b');\n", "const { b } = require('./b');\n", False),
        ("const { b } = require('./b');\n", "const { c: b } = require('../b');\n", False),
        ("const { b } = require('./b');\n", "const { b } = require('../c/b');\n", False),
        ("import b from 'left-pad';\n", "import b from '../left-pad';\n", False),
        ("import b from 'b';\n", "import b from 'lodash/b';\n", False),
        ("import './b';\nimport './c';\n", "import '../b';\nimport '../c';\n", True),
        ("import './b';\nimport './c';\n", "import '../x';\nimport '../c';\n", False),
        ("import './b';\nimport './c';\n", "import '../c';\n", False),
        ("import './b';\nimport './c';\n", "import '../c';\nimport '../b';\n", False),
        ("import { b } from './b';\n", "import { b } from '../b';\nimport '../x';\n", False),
        (TWO, TWO.replace("./", "../"), True),
        (TWO, "export * from '../c';\nexport * from '../b';\n", True),
        (TWO, "export * from '../x';\nexport * from '../c';\n", False),
        (TWO, "export * from '../c';\nexport * from '../c';\n", False),
        (LISTS, LISTS.replace("./", "../"), True),
        (LISTS, LISTS.replace("./one", "../two").replace("./two", "../two"), False),
        (LISTS, LISTS.replace("./one", "../x").replace("./two", "../one"), False),
    ],
)
def test_a_moved_script_loads_the_files_that_it_loaded(old: str, new: str, same: bool) -> None:
    assert is_moved("src/a.js", "src/in/a.js", old, new) is same


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("from .b import c\n", "from ..b import c\n", True),
        ("from .b import c\n", "from pkg.b import c\n", True),
        ("from . import b\n", "from .. import b\n", True),
        ("import os, sys\n", "import os\nimport sys\n", True),
        ("from .b import (\n    c,\n)\n", "from ..b import (\n    c,\n)\n", True),
        ("from .b import c\n", "from .b import c\n", False),
        ("from .b import c\n", "from ..x import c\n", False),
        ("from .b import c\n", "from ..b import d as c\n", False),
        ("from math import floor\n", "from math import ceil as floor\n", False),
        ("import json\n", "import pickle as json\n", False),
        ("import json\n", "from pkg.compat import json\n", False),
        ("from core import c\n", "from legacy.core import c\n", False),
        ("from .b import c\n", "from ..b import (c, d)\n", True),
        ("from .b import c\n", "from ..b import (c, one)\n", False),
        ("from .b import c\n", "from ..b import (c, sorted)\n", False),
        ("from .b import c\n", "from ..b import (c, __getattr__)\n", False),
        ("from .b import c\n", "from ..b import (c, d as c)\n", False),
        ("from .b import c\n", "from ..b import c\nfrom ..old import d\n", False),
        ("from .b import *\nfrom .c import *\n", "from ..b import *\nfrom ..c import *\n", True),
        ("from .b import *\nfrom .c import *\n", "from ..c import *\nfrom ..b import *\n", False),
        ("from .b import c\nfrom .d import c\n", "from ..d import c\nfrom ..b import c\n", False),
        ("def c(): ...\n\nfrom .b import c\n", "from ..b import c\ndef c(): ...\n", False),
        ("if c:\n    import d\n", "if c:\nimport d\n", False),
        ("from .b import (\n    c,\n)\n", "from ..x import (\n    c,\n)\n", False),
    ],
)
def test_a_moved_module_imports_what_it_imported(old: str, new: str, same: bool) -> None:
    assert is_moved("pkg/a.py", "pkg/in/a.py", old, new) is same


@pytest.mark.parametrize(
    ("at", "old", "new", "same"),
    [
        ("src/one/a.py", "from .b import c\n", "from one.b import c\n", True),
        ("back/shop/a.py", "from .b import c\n", "from shop.b import c\n", True),
        ("back/shop/a.py", "from .b import c\n", "from two.b import c\n", False),
        ("back/two/a.py", "from .b import c\n", "from two.b import c\n", False),
        ("back/shop/a.py", "import json\n", "from shop import json\n", False),
        ("web/a.js", "import b from './b.js';\n", "import b from '../b';\n", True),
        ("web/a.js", "import d from './d.js';\n", "import d from '../d.mjs';\n", False),
        ("web/a.js", "import d from './d.js';\n", "import d from '../d.js';\n", True),
    ],
)
def test_what_a_path_means_is_seen_in_the_tree(at: str, old: str, new: str, same: bool) -> None:
    tree = ["back/shop/__init__.py", "back/shop/b.py", "back/shop/json.py", "other/two/__init__.py"]
    tree += ["back/two/__init__.py", "web/b.js", "web/d.js", "web/d.mjs"]
    folder, _, name = at.rpartition("/")
    assert is_moved(at, f"{folder}/in/{name}", old, new, tree) is same


@pytest.mark.parametrize(
    ("more", "same"),
    [("", True), ("from pkg.old import total as text\n", False), ("import pkg.old\n", False)],
)
def test_a_file_that_stays_loads_nothing_more(more: str, same: bool) -> None:
    code = {
        "pkg/a.py": ("one = 1\n", ""),
        "pkg/in/a.py": ("", "one = 1\n"),
        "pkg/c.py": (
            "from .a import one\n\ndef text():\n    return one\n",
            f"from .in.a import one\n\ndef text():\n    return one\n{more}",
        ),
    }
    counts = replace(counted({}, {}, code), deleted=["pkg/a.py"])
    changes = [
        Change(path="pkg/a.py", status="deleted"),
        Change(path="pkg/in/a.py", status="added"),
        Change(path="pkg/c.py", status="modified"),
    ]
    assert bool(find_done(read_task("Move pkg/a.py to pkg/in/a.py"), counts, changes)) is same


def is_moved(at: str, to: str, old: str, new: str, tree: Sequence[str] = ()) -> bool:
    code = {at: (old + "one = 1\n", ""), to: ("", new + "one = 1\n")}
    counts = replace(counted({}, {}, code), deleted=[at], paths=tree)
    changes = [Change(path=at, status="deleted"), Change(path=to, status="added")]
    return bool(find_done(read_task(f"Move {at} to {to}; nothing else changes."), counts, changes))


@pytest.mark.parametrize(
    ("path", "before", "after", "done"),
    [
        ("src/b.js", "const a = require('./a');\n", "const a = require('./other');\n", 0),
        ("src/b.js", "const c = require('./c');\n", "const c = require('./in/c');\n", 0),
        ("src/b.js", "const a = require('./a.js');\n", "const a = require('./in/a.js');\n", 1),
        (
            "src/b.js",
            "const a = require('./a');\na(1);\n",
            "const a = require('./in/a');\na(1);\n",
            1,
        ),
        ("src/b.js", "a(1);\n", "a(2);\n", 0),
        ("src/b.js", "a(1);\n", "", 0),
        ("src/c.js", "", "exports.two = 2;\n", 0),
        ("package.json", '{"main": "src/a.js"}\n', '{"main": "src/in/a.js"}\n', 1),
        ("package.json", '{"main": "src/a.js"}\n', '{"main": "src/in/a.js", "bin": "x"}\n', 0),
        ("README.md", "See src/a.js.\n", "It is in src/in/a.js now.\n", 1),
    ],
)
def test_where_something_is_moved_nothing_else_of_the_code_changes(
    path: str, before: str, after: str, done: int
) -> None:
    text = "exports.one = () => 1;\n"
    code = {"src/a.js": (text, ""), "src/in/a.js": ("", text), path: (before, after)}
    counts = replace(counted({}, {}, code), deleted=["src/a.js"])
    changes = [
        Change(path="src/a.js", status="deleted"),
        Change(path="src/in/a.js", status="added"),
        Change(path=path, status="modified"),
    ]
    assert len(find_done(read_task("Move src/a.js to src/in/a.js"), counts, changes)) == done
