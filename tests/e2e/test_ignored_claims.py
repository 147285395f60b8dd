"""A worker makes files that git ignores: the claim does not have them, and everybody is told."""

import os
import sys
from pathlib import Path

from support.front_door import Pa, new_pa
from support.projects import CALC, CHECK

MAKES_LIB = """
mkdir -p lib __pycache__; touch lib/__init__.py __pycache__/x.pyc
printf 'def plus(a, b):\\n    return a + b\\n' > lib/ops.py
printf 'from lib.ops import plus\\n\\n\\ndef add(a, b):\\n    return plus(a, b)\\n' > calc.py
test "$AGENTPROXY_ROUND" = 1 || cp "$AGENTPROXY_BRIEF" brief.md
"""
LEFT_OUT = "lib/ops.py was made and is ignored by .gitignore: lib/"


def test_a_new_file_that_git_ignores_is_named_to_the_person_and_to_the_next_round(
    tmp_path: Path,
) -> None:
    files = {
        "calc.py": "def add(a, b):\n    return a - b\n",
        "agentproxy.toml": "discovered = false\n",
        ".gitignore": "lib/\n.env\n__pycache__/\n!brief.md\n",
    }
    pa = new_pa(tmp_path, files)
    check = "python -c 'import calc; assert calc.add(2, 3) == 5'"
    ran = pa.task("--check", check, "--max-rounds", "2", worker=MAKES_LIB)
    claims = ran.of_kind("claim_recorded")
    assert any(each.startswith(LEFT_OUT) for each in claims[0]["findings"]), claims
    assert not any("pycache" in each for each in claims[0]["findings"])
    assert "brief.md" in [change["path"] for change in claims[1]["changes"]]
    assert LEFT_OUT in pa.git("show", f"{claims[1]['ref']}:brief.md")


KEEPS = """
sed -i 's/a - b/a + b/' calc.py
mkdir .aider.tags.cache.v4; echo x > .aider.tags.cache.v4/cache.db
echo '# chat' > .aider.chat.history.md; echo 'model: mine' > .aider.conf.yml
"""


def test_what_an_agent_keeps_for_itself_in_the_tree_is_left_out_and_named(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, worker=KEEPS)
    (claim,) = ran.of_kind("claim_recorded")
    assert ran.code == 0, ran.result
    assert [change["path"] for change in claim["changes"]] == [".aider.conf.yml", "calc.py"]
    for name in (".aider.chat.history.md", ".aider.tags.cache.v4"):
        found = f"aider keeps {name} for itself, so the claim does not have it"
        assert claim["findings"].count(found) == 1, claim["findings"]


def test_a_file_of_that_name_that_the_base_has_belongs_to_the_claim(pa: Pa) -> None:
    pa.write({".aider.chat.history.md": "ours\n"})
    pa.commit()
    ran = pa.task("--check", CHECK, worker=KEEPS)
    (claim,) = ran.of_kind("claim_recorded")
    assert ".aider.chat.history.md" in [change["path"] for change in claim["changes"]]
    assert not any(".aider.chat.history.md" in each for each in claim["findings"])


WITHOUT_IGNORED = {"calc.py": CALC["calc.py"], "agentproxy.toml": "discovered = false\n"}
MENDS = "sed -i 's/a - b/a + b/' calc.py"
COMPILED = "$(python -c 'import pytest; print(pytest.__cached__)')"


def test_a_worker_reads_the_bytecode_of_what_is_installed(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, worker=f'test -s "{COMPILED}" && {MENDS}')
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-3:]


def test_a_worker_whose_python_has_none_keeps_its_bytecode_in_its_home(
    pa: Pa, tmp_path: Path
) -> None:
    bare = tmp_path / "bare" / "bin"
    bare.mkdir(parents=True)
    (bare / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (bare / "python").chmod(0o755)
    worker = f'test "$PYTHONPYCACHEPREFIX" && {MENDS}'
    path = f"{bare}{os.pathsep}{os.environ['PATH']}"
    ran = pa.task("--check", CHECK, worker=worker, env={"PATH": path})
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-3:]


def test_a_worker_that_writes_no_bytecode_has_no_folder_for_it(pa: Pa) -> None:
    worker = f'test "$PYTHONDONTWRITEBYTECODE" && test -z "$PYTHONPYCACHEPREFIX" && {MENDS}'
    ran = pa.task("--check", CHECK, worker=worker, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-3:]


def test_bytecode_of_the_tree_lives_from_round_to_round_and_is_in_no_claim(
    tmp_path: Path,
) -> None:
    pa = new_pa(tmp_path, WITHOUT_IGNORED)
    worker = f"ls __pycache__/calc*.pyc && git add -A && {MENDS}"
    worker += " || { python -c 'import calc'; exit 0; }"
    ran = pa.task("--check", CHECK, worker=worker)
    (first, second) = ran.of_kind("worker_ended")
    assert (ran.code, first["round"], second["round"]) == (0, 1, 2), ran.records[-3:]
    for claim in ran.of_kind("claim_recorded"):
        assert "pycache" not in str(claim["changes"])


def test_a_worker_cannot_commit_bytecode_by_accident(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, WITHOUT_IGNORED)
    worker = f"python -c 'import calc'; git add -A; test -z \"$(git status -s)\" && {MENDS}"
    ran = pa.task("--check", CHECK, worker=worker)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-3:]


PLANTED = """
cat > made.py <<'END'
import importlib.util, marshal
code = compile('def add(a, b):\\n    return a + b\\n', 'calc.py', 'exec')
head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, 'little') + bytes(8)
open(importlib.util.cache_from_source('calc.py'), 'wb').write(head + marshal.dumps(code))
END
mkdir -p __pycache__; python made.py; rm made.py
python -c 'import calc; assert calc.add(2, 3) == 5' || exit 9
touch note.txt
"""


def test_bytecode_that_a_worker_has_planted_is_read_by_no_proof(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, WITHOUT_IGNORED)
    check = "python -c 'import calc; assert calc.add(2, 3) == 5'"
    ran = pa.task("--check", check, "--max-rounds", "1", worker=PLANTED)
    assert [one["exit_code"] for one in ran.of_kind("worker_ended")] == [0]
    assert (ran.code, ran.result["verdict"]) == (1, "refuted"), ran.records[-3:]
