"""A check that misses a file which git ignores: it says the line to write, and accuses nobody."""

from pathlib import Path

import pytest
from support.front_door import Pa, new_pa

CALC = "def add(a, b):\n    return a - b\n"
MEND = "sed -i s/a.-.b/a+b/ pkg/calc.py"
PYTHON = {
    "pkg/__init__.py": "from ._version import __version__\n",
    "pkg/calc.py": CALC,
    "tests/test_calc.py": (
        "from pkg.calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"
    ),
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "agentproxy.toml": "discovered = false\n",
    ".gitignore": "_version.py\n.env\ndist/\n",
}
OPENS = (
    "from pkg.calc import add\n\n\n"
    "def test_add():\n    open('.env').close()\n    assert add(2, 3) == 5\n"
)
NODE = {
    "lib/package.json": '{"name": "lib", "main": "dist/x.js", "scripts": {"build": "true"}}\n',
    "a.test.js": (
        "const {add} = require('./lib/dist/x')\nconst test = require('node:test')\n"
        "test('adds', () => { if (add(2, 3) !== 5) throw new Error('wrong') })\n"
    ),
    ".gitignore": "dist/\n",
    "agentproxy.toml": "discovered = false\n",
}


def says(pa: Pa, check: str, *, worker: str, line: str) -> None:
    ran = pa.task("--check", check, worker=worker)
    finding = ran.finding(check)
    assert (ran.code, ran.result["verdict"]) == (3, "unverified"), finding
    assert line in finding["reason"], finding
    assert "pa trust" in finding["reason"]
    assert len(ran.of_kind("round_judged")) == 1


@pytest.mark.parametrize(
    ("files", "ignored", "line"),
    [
        (PYTHON, "pkg/_version.py", 'carry = ["pkg/_version.py"]'),
        (
            {**PYTHON, "pkg/__init__.py": "", "tests/test_calc.py": OPENS},
            ".env",
            'carry = [".env"]',
        ),
    ],
    ids=["a generated module", "a file that a test opens"],
)
def test_the_line_that_carries_the_ignored_file_is_said(
    tmp_path: Path, files: dict[str, str], ignored: str, line: str
) -> None:
    pa = new_pa(tmp_path, files)
    pa.write({ignored: "__version__ = '1.2.3'\n"})
    says(pa, "python -m pytest -q", worker=MEND, line=line)


def test_what_a_script_builds_is_prepared_and_not_carried(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, NODE)
    pa.write({"lib/dist/x.js": "exports.add = (a, b) => a + b\n"})
    says(
        pa,
        "node --test",
        worker="echo '// better' >> a.test.js",
        line='prepare = "npm run build --prefix lib"',
    )


def test_a_missing_file_that_the_user_does_not_have_either_is_the_claims_failure(
    tmp_path: Path,
) -> None:
    ran = new_pa(tmp_path, PYTHON).task(
        "--check", "python -m pytest -q", "--max-rounds", "1", worker=MEND
    )
    assert (ran.code, ran.result["verdict"]) == (1, "refuted"), ran.finding("pytest")
