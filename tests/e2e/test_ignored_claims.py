"""A worker makes files that git ignores: the claim does not have them, and everybody is told."""

from pathlib import Path

from support.front_door import new_pa

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
