#!/usr/bin/env bash
# Gemini CLI 0.61.0: with GOOGLE_GEMINI_BASE_URL set it does not start, although GEMINI_API_KEY is set.
# Expected: it asks its model at that address with that key.
# Seen: exit code 41, "Invalid auth method selected.": it takes the method `gateway` because of the
# address, and its own check does not know that method. It sends no request.
# A settings file with security.auth.selectedType = "gemini-api-key" cures it.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund @google/gemini-cli@0.61.0
export HOME="$PWD" GEMINI_API_KEY=sk-not-a-real-key GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9
code=0
npx gemini --skip-trust -p hello > said.txt 2>&1 || code=$?
echo "gemini $(npx gemini --version): exit $code"
cat said.txt
test "$code" = 41
grep -q "Invalid auth method selected" said.txt
