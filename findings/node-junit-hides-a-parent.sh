#!/usr/bin/env bash
# Node 20.20.2: the junit reporter of node:test hides that a test with subtests fails itself.
# Expected: a <failure> for the test whose own assertion fails after a subtest that passes.
# Seen: exit code 1 and "fail 1" on the summary, but no <failure> element in the report.
set -euo pipefail
cd "$(mktemp -d)"
npm install --silent --no-audit --no-fund node@20.20.2
cat > totals.test.js <<'END'
const test = require('node:test');
const assert = require('node:assert');
test('totals', async (t) => {
  await t.test('is a number', () => assert.equal(typeof 3, 'number'));
  assert.equal(1 + 1, 3);
});
END
code=0
node_modules/.bin/node --test --test-reporter=spec --test-reporter-destination=spec.txt \
  --test-reporter=junit --test-reporter-destination=report.xml totals.test.js || code=$?
echo "node $(node_modules/.bin/node --version): exit $code"
grep -E 'fail [0-9]' spec.txt
grep -E '<test(suite|case)' report.xml
[ "$code" = 1 ]
grep -q 'fail 1' spec.txt
! grep -q '<failure' report.xml
