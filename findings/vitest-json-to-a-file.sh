#!/usr/bin/env bash
# vitest 5.1.2: --reporter=json prints no JSON any more.
# Expected: the report on standard output, where earlier versions print it without --outputFile.
# Seen: standard output has no JSON; the report is in .vitest/json/output.json.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund vitest@5.1.2
cat > sums.test.mjs <<'END'
import { expect, test } from 'vitest';
test('adds', () => expect(1 + 1).toBe(2));
END
npx vitest run --reporter=json > printed.txt 2> /dev/null
echo "vitest $(npx vitest --version)"
echo "printed: $(wc -c < printed.txt) bytes; files: $(find .vitest -type f)"
! grep -q '"numTotalTests"' printed.txt
grep -q '"numTotalTests":1' .vitest/json/output.json
