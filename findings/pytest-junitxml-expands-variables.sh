#!/usr/bin/env bash
# pytest 9.2.0: --junitxml=PATH expands variables of the environment in PATH by itself.
# Expected: a path in an option is taken as it is; only a shell expands "$NAME".
# Seen: --junitxml='$WHERE/report.xml' is written into the folder that WHERE names, so a report of
# its own for each process is possible from one fixed setting.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pytest==9.2.0
echo 'def test_adds(): assert 1 + 1 == 2' > test_sums.py
mkdir chosen
WHERE=chosen venv/bin/pytest -q --junitxml='$WHERE/report.xml'
venv/bin/pytest --version
find . -name report.xml
[ -e chosen/report.xml ]
[ ! -e '$WHERE' ]
