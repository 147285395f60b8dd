#!/usr/bin/env bash
# ava 7.0.0: the TAP reporter does not escape "#" in a title.
# Expected: "\#", as TAP 13 and 14 ask: an unescaped "#" begins a directive.
# Seen: "ok 1 - answers # TODO later", which a TAP parser reads as a test that is to be done.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund ava@7.0.0
cat > test.mjs <<'END'
import test from 'ava';
test('answers # TODO later', (t) => t.is(1 + 1, 2));
END
npx ava --tap > report.tap
echo "ava $(npx ava --version)"
cat report.tap
grep -qE '^ok 1 - answers # TODO later' report.tap
