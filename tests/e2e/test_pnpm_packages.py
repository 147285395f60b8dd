"""The packages of a pnpm workspace: each of them is judged, also where another one fails."""

import os

import pytest
from support.front_door import Pa
from support.real_tools import programs_of

pytestmark = pytest.mark.slow

TEST = "import test from 'node:test'\nimport assert from 'node:assert'\n"
SLOW = "test('waits', async () => { await new Promise((r) => setTimeout(r, 3000)) })\n"
FILES = {
    "package.json": '{"name": "all", "private": true, "type": "module"}',
    "pnpm-workspace.yaml": "packages: ['a', 'b']\n",
    "a/package.json": '{"name": "a", "type": "module", "scripts": {"test": "node --test"}}',
    "b/package.json": '{"name": "b", "type": "module", "scripts": {"test": "node --test"}}',
    "a/lib.js": "export const add = (a, b) => a - b\n",
    "a/a.test.js": f"{TEST}import {{ add }} from './lib.js'\n"
    "test('adds', () => assert.equal(add(2, 3), 5))\n",
    # It still runs when the other one has failed.
    "b/b.test.js": f"{TEST}{SLOW}",
}


def test_a_package_that_fails_does_not_stop_the_others(pa: Pa) -> None:
    pa.write(FILES)
    pa.commit("Two packages")
    pa.env["PATH"] = os.pathsep.join([str(programs_of("pnpm")), pa.environment()["PATH"]])
    check = "pnpm -r test"
    options = ("--max-rounds", "1", "--judge", "none", "--check", check)
    ran = pa.task(*options, worker="sed -i 's/a - b/a + b/' a/lib.js")
    finished = ran.of_kind("check_finished")
    base = next(each["result"] for each in finished if each["on"] == "base")
    assert {test["name"]: test["outcome"] for test in base["tests"]} == {
        "a/a.test.js::adds": "failed",
        "b/b.test.js::waits": "passed",
    }
    assert (ran.code, ran.finding(check)["fixed"]) == (0, ["a/a.test.js::adds"])
