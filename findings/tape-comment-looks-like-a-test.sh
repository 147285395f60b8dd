#!/usr/bin/env bash
# tape 5.10.2: a comment inside of a test is printed as the title of a test is.
# Expected: titles and comments differ, as a reader of the report names tests by their titles.
# Seen: both are "# text", so what follows a comment looks like another test. A comment that tells a
# time gives it another name in each run.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund tape@5.10.2
cat > test.js <<'TEST'
const test = require('tape');
test('adds', (t) => {
  t.equal(1 + 1, 2, 'one and one');
  t.comment('prepared the second sum');
  t.equal(2 + 2, 4, 'two and two');
  t.end();
});
TEST
npx tape test.js > report.tap
echo "tape $(node -p "require('tape/package.json').version")"
cat report.tap
test "$(grep -c '^# \(adds\|prepared the second sum\)$' report.tap)" = 2
test "$(sed -n '/^# prepared/,$p' report.tap | grep -c '^ok 2 two and two$')" = 1
