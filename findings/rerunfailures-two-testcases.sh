#!/usr/bin/env bash
# pytest-rerunfailures 16.7 with pytest 9.2.0: a test that passes at its second attempt is in the
# JUnit report twice, both times as passed.
# Expected: one <testcase>, as tests="1" says, perhaps with a note of the first failure.
# Seen: tests="1" failures="0" and two bare <testcase> of one name.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pytest==9.2.0 pytest-rerunfailures==16.7
cat > test_second.py <<'END'
from pathlib import Path


def test_second_attempt():
    marker = Path("tried")
    again = marker.exists()
    marker.touch()
    assert again
END
venv/bin/pytest -q --reruns 2 --junitxml=report.xml
grep -o '<testsuite [^>]*>' report.xml
grep -o '<testcase [^>]*>' report.xml
grep -q 'failures="0" skipped="0" tests="1"' report.xml
[ "$(grep -o '<testcase ' report.xml | wc -l)" = 2 ]
! grep -q '<failure' report.xml
