#!/usr/bin/env bash
# jest 30.5.2: --bail that really stops early writes no JSON report.
# Expected: --json --outputFile=FILE writes FILE with the tests that ran, and the failure.
# Seen: exit code 1, and no file. Without --bail the file is there.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund jest@30.5.2
for name in a b c; do
  echo "test('$name', () => expect(1 + 1).toBe(3));" > "$name.test.js"
done
code=0
npx jest --runInBand --bail --json --outputFile=bailed.json > /dev/null 2>&1 || code=$?
npx jest --runInBand --json --outputFile=whole.json > /dev/null 2>&1 || true
echo "jest $(npx jest --version): exit $code; written: $(ls ./*.json | tr '\n' ' ')"
[ "$code" = 1 ]
[ -e whole.json ]
[ ! -e bailed.json ]
