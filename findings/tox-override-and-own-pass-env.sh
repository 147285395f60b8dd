#!/usr/bin/env bash
# tox 4.67.15: TOX_OVERRIDE=testenv.pass_env+=NAME does not reach an environment that has a
# pass_env of its own.
# Expected: what is added to [testenv] is inherited by [testenv:NAME], or added to its list.
# Seen: the environment without a list gets the variable, the one with a list does not.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check tox==4.67.15
cat > tox.ini <<'END'
[tox]
skipsdist = true
env_list = bare, listed

[testenv]
commands = python -c "import os; print('MARK', os.environ.get('WANTED'))"

[testenv:listed]
pass_env = LANG
END
export WANTED=here TOX_OVERRIDE=testenv.pass_env+=WANTED
venv/bin/tox --version
for name in bare listed; do venv/bin/tox -q -e "$name" 2>&1 | grep MARK | tee "$name.txt"; done
grep -q 'MARK here' bare.txt
grep -q 'MARK None' listed.txt
