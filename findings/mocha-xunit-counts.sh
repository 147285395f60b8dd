#!/usr/bin/env bash
# mocha 12.0.3: the xunit reporter counts failed tests as errors.
# Expected: two failed tests give failures="2", as their elements are <failure>.
# Seen: <testsuite ... tests="3" failures="0" errors="2" ...> around two <failure> elements.
# So who sums up the attribute `failures` of reports sees a green suite.
set -euo pipefail
cd "$(mktemp -d)"
npm install --silent --no-audit --no-fund mocha@12.0.3
mkdir test
cat > test/sums.js <<'END'
const assert = require('node:assert');
it('holds', () => assert.equal(1 + 1, 2));
it('is off by one', () => assert.equal(1 + 1, 3));
it('is off by two', () => assert.equal(1 + 1, 4));
END
npx mocha --reporter xunit > report.xml || true
suite=$(grep '<testsuite' report.xml)
echo "mocha $(npx mocha --version): $suite"
[ "$(grep -c '<failure' report.xml)" = 2 ]
grep -q 'failures="0"' <<< "$suite"
grep -q 'errors="2"' <<< "$suite"
