"""Where an error of a JavaScript test was thrown: | is the place."""

import pytest

from agentproxy.evidence.reports.javascript_assertions import is_on_the_way, only_calls

LOOKS = (
    "test('a', () => { assert.equal(total(x).|sum, 3); });",
    "test('a', () => {\n  assert.equal(\n    total(x).|sum,\n    3,\n  );\n});",
    "it('a', () => {\n  expect(total(x).|sum).toBe(3)\n})",
    "it('a', () => { expect(3).toBe(total(x).|sum) })",
    "it('a', () => { total(x).|sum.should.equal(3) })",
    "test('a', t => { t.is(total(x).|sum, 3) })",
    "test('a', t => { t.assert.equal(total(x).|sum, 3) })",
    "test('a', () => { deepStrictEqual(total(x).|sum, [3]) })",
    "test('a', () => { assert(total(x).|sum) })",
    "test('a', () => { assert.ok(`${total(x).|sum}` === '3') })",
    "test('it\\'s', () => { // it's\n  assert.match(total(x).|sum, /it's (/) })",
    "test('a', async () => { assert.equal((await total(x)).|sum, 3) })",
    "test('a', () => { assert.throws(() => total(x).|sum, RangeError) })",
    # a value that is compared later
    "test('a', () => {\n  const { sum } = |total(x);\n  assert.equal(sum, 3);\n});",
    "test('a', () => {\n  const { |sum } = total(x);\n  assert.equal(sum, 3);\n});",
    "test('a', () => {\n  const [first] = |total(x)\n  expect(first.sum).toEqual(3)\n})",
    "test('a', () => {\n  const sum = new Cart().coupon(1).|total();\n  assert.equal(sum, 3);\n});",
    "test('a', () => {\n  let sum\n  sum = cart.coupon(1).|total()\n  assert(sum === 3)\n})",
    "test('a', () => { for (const row of |rows(x)) { assert.equal(row, 3); } });",
    "test('a', () => { rows(x).|forEach((row) => assert.equal(row, 3)); });",
    "test('a', () => total(x).|then((sum) => {\n  assert.equal(sum, 3);\n}));",
    "test('a', () => {\n  const sum = total(x)\n    .|sum;\n  sum.should.equal(3);\n});",
)
ONLY_CALLS = (
    "test('a', () => { cart.coupon(1).|total(); });",
    "test('a', () => {\n  new Cart().coupon(50).|coupon(10);\n});",
    "test('a', () => {\n  const sum = total(x).|sum;\n});",
    "test('a', () => {\n  const sum = total(x).|sum;\n  assert.ok(true);\n});",
    "test('a', () => {\n  const sum = total(x).|sum;\n  assert.equal(1, 1);\n});",
    "test('a', () => {\n  const sum = total(x).|sum;\n  assert.ok(sum);\n});",
    "test('a', () => {\n  const sum = total(x).|sum;\n  expect(sum).toBeDefined();\n});",
    "test('a', () => {\n  const sum = total(x).|sum;\n  expect(sum).not.toBe(5);\n});",
    "test('a', () => {\n  const sum = total(x).|sum;\n  assert.notEqual(sum, 5);\n});",
    "test('a', () => {\n  const sum = total(x).|sum;\n  console.log(sum);\n});",
    "it('a', () => {\n  const sum = total(x).|sum\n})\nit('b', () => {\n  assert.equal(sum, 1)\n})",
    "test('a', () => {\n  total(x).|sum;\n  assert.equal(1, 1);\n});",
    "test('a', () => {\n  total(x).|sum\n  assert.equal(1, 1)\n})",
    "test('a', () => { assert.equal(1, 1); total(x).|sum; });",
    "assert.equal(1, 1)\ntest('a', () => { total(x).|sum })",
    "test('a', () => { assert.doesNotThrow(() => total(x).|sum); });",
    "test('assert.equal(', () => { total(x).|sum; });",
    "test('a', () => { // assert.equal(\n  total(x).|sum; });",
    "test('a', t => { t.test('b', () => { total(x).|sum; }); });",
    "describe('assert', () => { it('expect(', () => { `${total(x).|sum}` }) })",
    "",
)


def at_bar(text: str) -> tuple[str, str]:
    before, _, after = text.partition("|")
    return before, after


@pytest.mark.parametrize("text", LOOKS)
def test_a_test_that_looks_at_a_result_fails_on_the_way(text: str) -> None:
    assert is_on_the_way(*at_bar(text))


@pytest.mark.parametrize("text", ONLY_CALLS)
def test_a_test_that_only_calls_does_not(text: str) -> None:
    assert not is_on_the_way(*at_bar(text))


CUT = "to not throw an error but 'TypeError: Cannot read properties of \u2026' was thrown"
READS = (
    "Got unwanted exception.\nActual message: \"Cannot read properties of undefined (reading 'x')\""
)


@pytest.mark.parametrize(
    ("message", "text", "only"),
    [
        (READS, "test('a', () => {\n  assert.|doesNotThrow(() => f().x);\n});", True),
        (READS, "test('a', () => {\n  assert.|doesNotThrow(() => {\n    f().x;\n  });\n});", True),
        (READS, "test('a', () => {\n  assert.|doesNotThrow(() => f({}));\n  a.x;\n});", False),
        (READS.replace("(reading 'x')", ""), "assert.|doesNotThrow(() => f().x)", False),
        (
            "expect(received).not.toThrow()\nf is not a function",
            "expect(() => f()).not.|toThrow()",
            True,
        ),
        (
            "expected [Function] to not throw, but 'f is not defined'",
            "expect(f).to.not.|throw()",
            True,
        ),
        (CUT, "it('a', () => {\n  expect(() => f().x).not.|toThrow();\n})", True),
        (CUT, "it('a', () => {\n  expect(() => f({})).not.|toThrow();\n})", False),
        ("undefined (reading 'x') == 1", "assert.|equal(f().x, 1)", False),
    ],
)
def test_that_a_call_does_not_throw_says_nothing_where_the_test_itself_throws(
    message: str, text: str, *, only: bool
) -> None:
    assert only_calls(message, *at_bar(text)) == only


def test_hostile_source_costs_no_time() -> None:
    for text in ("(" * 4000, "`" * 4000, "a." * 2000, "/*" * 2000, "const {" * 600, "\n" * 4000):
        is_on_the_way(text, text)
        only_calls(READS, text, text)
