"""Each line that a message tells a person to write is written, trusted, and ends verified."""

import re
from collections.abc import Callable
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
from support.environments import new_project
from support.front_door import Pa
from support.servers import answering
from support.venvs import new_venv, site_packages

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

MEND = "sed -i 's/a - b/a + b/' calc.*"
CALC = "def add(a, b):\n    return a - b\n"
TEST = "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"
WRITTEN = re.compile(r"write (\w+ = .+?) in agentproxy\.toml, then run pa trust")
NETWORK = re.compile(r'set (network = "host") for the check in agentproxy\.toml, then run pa trust')


def generated(pa: Pa, _tmp_path: Path) -> str:
    files = {"calc.py": f"import _version\n\n\n{CALC}", "test_calc.py": TEST}
    new_project(pa, {**files, ".gitignore": "_version.py\n__pycache__/\n"})
    pa.write({"_version.py": "X = 1\n"})
    return "python -m pytest -q"


def opened(pa: Pa, _tmp_path: Path) -> str:
    text = TEST.replace("    assert", "    assert open('local.ini').read()\n    assert")
    new_project(pa, {"calc.py": CALC, "test_calc.py": text, ".gitignore": "*.ini\n__pycache__/\n"})
    pa.write({"local.ini": "x\n"})
    return "python -m pytest -q"


def built(pa: Pa, _tmp_path: Path) -> str:
    test = (
        "const test = require('node:test')\nconst assert = require('node:assert')\n"
        "const { add } = require('./lib/dist/calc.js')\n"
        "test('adds', () => assert.equal(add(2, 3), 5))\n"
    )
    build = '{"scripts": {"build": "mkdir -p dist && cp ../calc.js dist/"}}\n'
    new_project(
        pa,
        {
            "calc.js": "exports.add = (a, b) => a - b\n",
            "a.test.js": test,
            "lib/package.json": build,
            ".gitignore": "dist/\n",
        },
    )
    pa.write({"lib/dist/calc.js": "exports.add = (a, b) => a - b\n"})
    return "node --test"


def by_absolute_path(pa: Pa, tmp_path: Path) -> str:
    venv = new_venv(tmp_path / "envs/demo")
    (site_packages(venv) / "gauge.py").write_text("UNIT = 'g'\n")
    makefile = f"test:\n\t{venv}/bin/python -m pytest -q\n"
    test = f"import gauge\n{TEST}    assert gauge.UNIT\n"
    new_project(pa, {"calc.py": CALC, "test_calc.py": test, "Makefile": makefile})
    return "make test"


def with_server(pa: Pa, _tmp_path: Path) -> str:
    test = (
        "import socket\nfrom calc import add\n\n\ndef test_store():\n"
        "    with socket.create_connection(('127.0.0.1', PORT), timeout=5) as c:\n"
        "        assert add(2, len(c.recv(3))) == 5\n"
    )
    new_project(pa, {"calc.py": CALC, "test_calc.py": test})
    return "python -m pytest -q"


CASES: dict[str, Callable[[Pa, Path], str]] = {
    "a generated module": generated,
    "a file that a test opens": opened,
    "what a script builds": built,
    "an environment by its absolute path": by_absolute_path,
    "a server": with_server,
}


class _Hello(BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"PON")


@pytest.mark.parametrize("name", CASES)
def test_the_line_that_the_message_names_makes_the_run_verified(
    pa: Pa, tmp_path: Path, name: str
) -> None:
    check = CASES[name](pa, tmp_path)
    with answering(ThreadingTCPServer(("127.0.0.1", 0), _Hello)) as port:
        for test in pa.project.glob("test_*.py"):
            test.write_text(test.read_text().replace("PORT", str(port)))
        pa.write({"agentproxy.toml": "discovered = false\n"})
        pa.commit("The project")
        first = pa.task("--check", check, "--max-rounds", "1", worker=MEND)
        reason = first.finding(check)["reason"]
        assert first.code == 3, reason
        written, network = WRITTEN.search(reason), NETWORK.search(reason)
        if written:
            pa.write({"agentproxy.toml": f"discovered = false\n{written[1]}\n"})
        else:
            assert network, reason
            table = f'[checks.named]\ncommand = "{check}"\nrole = "acceptance"\n{network[1]}\n'
            pa.write({"agentproxy.toml": f"discovered = false\n{table}"})
        pa.commit("The cure")
        assert pa("trust").code == 0
        options = ["--check", check] if written else []
        second = pa.task(*options, "--max-rounds", "1", worker=MEND)
    assert second.code == 0, second.of_kind("round_judged")[-1]["checks"]
