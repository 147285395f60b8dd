"""Real runners of JavaScript, through the front door: judged by test, and never by silence."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from support.front_door import Pa, Ran, Record
from support.runners import project_with

pytestmark = pytest.mark.slow

FIX = "sed -i 's/a - b/a + b/' lib.js"


@dataclass(frozen=True)
class Kind:
    """How tests are written for a runner."""

    runner: str
    command: str
    file: str
    head: str
    equal: str
    after: str
    matching: str  # the option that selects tests by their title
    package: str = "commonjs"

    def check(self, one: str, other: str) -> str:
        return self.equal.format(one, other)

    def tests(self, *bodies: tuple[str, str]) -> str:
        return self.head + "".join(f"test('{name}', () => {{ {do}; }});\n" for name, do in bodies)


KINDS = (
    Kind(
        "jest",
        "jest",
        "lib.test.js",
        "const lib = require('./lib');\n",
        "expect({}).toBe({})",
        "afterAll",
        "-t",
    ),
    Kind(
        "vitest",
        "vitest run",
        "lib.test.js",
        "import { test, expect, afterAll } from 'vitest';\nimport * as lib from './lib.js';\n",
        "expect({}).toBe({})",
        "afterAll",
        "-t",
        package="module",
    ),
    Kind(
        "mocha",
        "mocha --ui tdd",
        "test/lib.js",
        "const assert = require('assert');\nconst lib = require('../lib');\n",
        "assert.equal({}, {})",
        "suiteTeardown",
        "-g",
    ),
)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.runner)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


def library(kind: Kind, **functions: str) -> str:
    """A module of functions by their bodies; `close` is called after the tests."""
    export = "export const" if kind.package == "module" else "exports."
    return "".join(
        f"{export}{' ' * (kind.package == 'module')}{name} = {body};\n"
        for name, body in {"close": "() => {}", **functions}.items()
    )


def project(kind: Kind, folder: Path, *, add: str = "(a, b) => a - b") -> Pa:
    """`add` is wrong and `double` is right; both have a test."""
    adds = ("adds", kind.check("lib.add(2, 3)", "5"))
    doubles = ("doubles", kind.check("lib.double(2)", "4"))
    files = {
        "package.json": json.dumps(
            {"name": "x", "type": kind.package, "scripts": {"unit": kind.command}}
        ),
        "lib.js": library(kind, add=add, double="(a) => a * 2"),
        kind.file: kind.tests(adds, doubles) + f"{kind.after}(() => lib.close());\n",
    }
    return project_with(kind.runner, folder, files)


def unit(pa: Pa, worker: str, check: str = "npm run unit") -> Ran:
    return pa.task("--max-rounds", "1", "--judge", "none", "--check", check, worker=worker)


def names(result: Record) -> list[str]:
    return [test["name"] for test in result["tests"]]


def at_the_claim(ran: Ran) -> Record:
    claims = [each for each in ran.of_kind("check_finished") if each["on"] == "claim:1"]
    return cast("Record", claims[-1]["result"])


def test_a_mended_test_is_named_and_verified(kind: Kind, tmp_path: Path) -> None:
    ran = unit(project(kind, tmp_path), FIX)
    assert (ran.code, ran.finding("unit")["fixed"]) == (0, [f"{kind.file}::adds"])


def test_a_test_that_breaks_is_named_and_refutes(kind: Kind, tmp_path: Path) -> None:
    ran = unit(project(kind, tmp_path), f"{FIX}; sed -i 's/a \\* 2/a * 3/' lib.js")
    assert (ran.code, ran.finding("unit")["finding"]) == (1, "refuted")
    assert f"{kind.file}::doubles" in ran.finding("unit")["reason"]


def test_a_test_that_is_deleted_is_named(kind: Kind, tmp_path: Path) -> None:
    ran = unit(project(kind, tmp_path), f"{FIX}; sed -i '/doubles/d' {kind.file}")
    assert (ran.code, ran.finding("unit")["finding"]) == (3, "unverified")
    assert f"{kind.file}::doubles" in ran.finding("unit")["reason"]


def test_a_process_that_ends_with_0_before_its_runner_passes_nothing(
    kind: Kind, tmp_path: Path
) -> None:
    ran = unit(project(kind, tmp_path), "sed -i 's/a - b/process.exit(0)/' lib.js")
    assert (ran.code, ran.finding("unit")["finding"]) == (1, "refuted")


def test_a_pattern_that_matches_nothing_passes_nothing(kind: Kind, tmp_path: Path) -> None:
    pa = project(kind, tmp_path, add="(a, b) => (")
    worker = "sed -i 's/=> (;/=> a - b;/' lib.js"
    ran = unit(pa, worker, f"npx {kind.command} {kind.matching} nowhere")
    assert (ran.code, ran.finding("nowhere")["finding"]) != (0, "proven")
    assert at_the_claim(ran)["cannot_run"]["kind"] == "nothing_collected"


def test_a_hook_that_fails_after_the_tests_is_seen(kind: Kind, tmp_path: Path) -> None:
    ran = unit(project(kind, tmp_path), f"{FIX}; sed -i 's/{{}}/{{ throw Error(1); }}/' lib.js")
    assert (ran.code, ran.finding("unit")["finding"]) == (1, "refuted")
    result = at_the_claim(ran)
    failed = [test["name"] for test in result["tests"] if test["outcome"] == "failed"]
    # mocha does not say in which file a hook of no suite is.
    assert failed == [kind.file] or result["doubt"] == "hides_failures"


@pytest.mark.parametrize(
    ("looks", "code", "reason"), [(True, 0, "falsified"), (False, 3, "result_not_checked")]
)
def test_a_feature_is_proven_by_a_test_that_looks_at_its_result(
    kind: Kind, tmp_path: Path, looks: bool, code: int, reason: str
) -> None:
    pa = project(kind, tmp_path, add="(a, b) => a + b")
    call = "lib.triple(2)"
    does = kind.check(call, "6") if looks else call
    function = library(kind, triple="(a) => a * 3").splitlines()[-1]
    new = kind.file.replace("lib", "triple")
    test = kind.tests(("triples", does))
    ran = unit(pa, f"echo '{function}' >> lib.js; cat > {new} <<'EOF'\n{test}EOF")
    assert (ran.code, ran.finding("unit")["reason_code"]) == (code, reason)
    trials = [each for each in ran.of_kind("check_finished") if each["on"] == "without:1"]
    files = {name.partition("::")[0] for name in names(trials[0]["result"])}
    assert files == {new}


OTHERS = {
    "ava": ("ava", "a.test.js", "const test = require('ava');\n", "t => t.is(lib.add(2, 3), 5)"),
    "playwright": (
        "playwright test",
        "a.spec.js",
        "const { test, expect } = require('@playwright/test');\n",
        "() => { expect(lib.add(2, 3)).toBe(5); }",
    ),
}


@pytest.mark.parametrize("runner", OTHERS)
def test_ava_and_playwright_name_their_tests(runner: str, tmp_path: Path) -> None:
    command, file, head, body = OTHERS[runner]
    files = {
        "package.json": json.dumps({"name": "x", "scripts": {"unit": command}}),
        "lib.js": "exports.add = (a, b) => a - b;\n",
        file: f"{head}const lib = require('./lib');\ntest('adds', {body});\n",
    }
    ran = unit(project_with(runner, tmp_path, files), FIX)
    assert (ran.code, ran.finding("unit")["fixed"]) == (0, [f"{file}::adds"])


def test_a_script_that_sets_the_options_of_node_anew_is_judged_by_test(tmp_path: Path) -> None:
    pa = project(KINDS[0], tmp_path)
    script = {"unit": "NODE_OPTIONS=--experimental-vm-modules jest"}
    pa.write({"package.json": json.dumps({"name": "x", "scripts": script})})
    pa.commit()
    ran = unit(pa, FIX)
    assert (ran.code, ran.finding("unit")["fixed"]) == (0, ["lib.test.js::adds"])
