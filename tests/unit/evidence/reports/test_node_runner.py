"""What the runner of node says of its tests through our reporter."""

from pathlib import Path

from agentproxy.evidence.instrumentation import instrument
from tests.support.real_reports import really_ran

NODE_FILE = """
const { test, describe, it, after } = require('node:test');
const assert = require('assert');
test('top fails', () => { assert.strictEqual(1, 2); });
describe('suite', () => {
  it('passes', () => {});
  describe('deep', () => { it('x <y> & "z"', () => { throw new Error('boom'); }); });
});
describe('hook', () => { after(() => { throw new Error('late'); }); it('one', () => {}); });
test('parent', async (t) => { await t.test('child', () => {}); assert.equal(1, 3); });
test('around', async (t) => { await t.test('inner', () => { throw new Error('e'); }); });
test('skipped', { skip: 'because' }, () => {});
test('later', { todo: 'soon' }, () => { assert.ok(false); });
test('twice', () => {});
test('twice', () => {});
test('starts a run', () => {
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  require('child_process').execFileSync(process.execPath, ['--test', 'c.mjs'], { env });
});
"""


def test_tests_of_node_are_named_by_their_file_from_the_outside_in(tmp_path: Path) -> None:
    files = {
        "a.test.js": NODE_FILE,
        "b.test.js": "require('./nosuch');",
        "c.test.js": "require('node:test').test('twice', () => {});",
        "d.test.js": "process.exit(0);",
        "c.mjs": "import { test } from 'node:test'; test('of another run', () => {});",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    result = really_ran("node --test", instrument("node --test", {}), tmp_path)
    assert (result.doubt, result.by_test, result.runners) == (None, True, ("node",))
    found = {test.name: test for test in result.tests}
    assert {name: test.outcome for name, test in found.items()} == {
        "a.test.js::top fails": "failed",
        "a.test.js::suite > passes": "passed",
        'a.test.js::suite > deep > x <y> & "z"': "failed",
        "a.test.js::hook > one": "passed",
        "a.test.js::hook": "failed",
        "a.test.js::parent > child": "passed",
        "a.test.js::parent": "failed",
        "a.test.js::around > inner": "failed",
        "a.test.js::skipped": "skipped",
        "a.test.js::later": "xfailed",
        "a.test.js::twice": "passed",
        "a.test.js::twice #2": "passed",
        "a.test.js::starts a run": "passed",
        "b.test.js": "failed",
        "c.test.js::twice": "passed",
    }
    assert found["a.test.js::top fails"].place == "a.test.js:4"
    assert found['a.test.js::suite > deep > x <y> & "z"'].message == "boom"


NODE_ASSERTS = """
const test = require('node:test');
const assert = require('node:assert');
const f = () => {};
const { refuses } = require('./lib');
test('compares', () => {
  assert.equal(
    f().x,
    1,
  );
});
test('compares later', () => { const { x } = f(); assert.equal(x, 1); });
test('calls', () => { f().x; });
test('does not throw', () => { assert.doesNotThrow(() => f().x); });
test('throws', () => { assert.equal(refuses(1), 1); });
test('throws before', () => { const one = refuses(1); assert.equal(one, 1); });
test('throws in a call', () => { refuses(1); });
test('starts a program', () => {
  assert.equal(require('child_process').execFileSync(process.execPath, ['deep.js']), '');
});
test('lacks a name', () => { assert.equal(exports.g(1), 1); });
test('rejects', async () => { await assert.rejects(async () => f()); });
"""


def test_an_error_counts_as_an_assertion_where_the_test_compares(tmp_path: Path) -> None:
    (tmp_path / "a.test.js").write_text(NODE_ASSERTS)
    (tmp_path / "lib.js").write_text("exports.refuses = () => { throw new RangeError('no'); };\n")
    (tmp_path / "deep.js").write_text(
        "const f = (n) => { if (!n) throw Error('x'); f(n - 1); }; f(5);"
    )
    result = really_ran("node --test", instrument("node --test", {}), tmp_path)
    assert {test.name.rpartition("::")[2]: test.by_assertion for test in result.tests} == {
        "compares": True,
        "compares later": True,
        "calls": False,
        "does not throw": False,
        "throws": True,
        "throws before": True,
        "throws in a call": False,
        "starts a program": True,
        "lacks a name": False,
        "rejects": True,
    }


def test_a_file_that_node_ends_without_a_test_passes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.test.js").write_text("process.exit(0);")
    result = really_ran("node --test", instrument("node --test", {}), tmp_path)
    assert (result.exit_code, result.tests) == (0, ())
    assert result.cannot_run is not None
    assert result.cannot_run.kind == "nothing_collected"
