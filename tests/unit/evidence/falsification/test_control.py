"""The control of a claim says the same in another text."""

import subprocess
import sys
from pathlib import Path

import pytest

from agentproxy.evidence.falsification.control import may_look_at_code, with_comments


def test_each_file_of_code_has_a_comment_more_and_no_other_file() -> None:
    code = {"a.py": b"A = 1", "b.ts": b"let b = 1;\n", "c.json": b"{}\n", "d.go": b"package d\n"}
    code["e.rs"] = b"fn e() {}\n"
    assert with_comments(code) == {
        "a.py": b"A = 1\n\n\n# This line says nothing.\n",
        "b.ts": b"let b = 1;\n\n// This line says nothing.\n",
        "d.go": b"package d\n\n// This line says nothing.\n",
    }


@pytest.mark.parametrize("text", ["A = 1\n", "def f() -> int:\n    return 1\n", "import os\n"])
def test_a_formatter_has_nothing_to_say_of_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(with_comments({"a.py": text.encode()})["a.py"])
    ruff = (str(Path(sys.executable).with_name("ruff")), "format", "--isolated", "--check")
    assert subprocess.run((*ruff, str(path)), check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("line", "looks"),
    [
        ("size = sum(len(each.read_bytes()) for each in Path('.').glob('*.py'))", True),
        ("const text = fs.readFileSync('a.js');", True),
        ('out, _ := exec.Command("wc", "a.go").Output()', True),
        ("assert add(1, 2) == 3", False),
        ("thread.start()", False),
        ("assert state.status == 1", False),
        ("assert os.stat('a.py').st_size == 3", True),
    ],
)
def test_a_test_that_reads_files_may_look_at_the_code(line: str, looks: bool) -> None:
    assert may_look_at_code({"test_a.py": ("x = 1\n", f"x = 1\n{line}\n")}) is looks
    assert not may_look_at_code({"test_a.py": (f"{line}\n", f"{line}\n")})
