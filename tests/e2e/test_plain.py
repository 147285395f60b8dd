"""Without isolation: only when it is chosen, and honest about what it cannot do."""

import sys
from pathlib import Path

from support.front_door import Pa
from support.projects import CHECK, MEND


def test_plain_runs_leave_the_repository_alone_and_verify(pa: Pa) -> None:
    ran = pa.task("--sandbox", "plain", "--check", CHECK, worker=f"git status -s; {MEND}")
    assert (ran.code, ran.result["verdict"]) == (0, "verified")
    assert pa.git("status", "--porcelain") == ""


def test_what_one_plain_check_writes_the_next_does_not_find(pa: Pa) -> None:
    leave = "test ! -e left.txt && touch left.txt"
    ran = pa.task(
        "--sandbox", "plain", "--check", CHECK, "--keep", leave, "--keep", f"true && {leave}",
        worker=MEND,
    )  # fmt: skip
    assert ran.code == 0
    assert {check["finding"] for check in ran.of_kind("round_judged")[0]["checks"]} <= {
        "proven", "kept",
    }  # fmt: skip


def test_an_editable_install_is_unverified_because_it_would_test_the_base(
    pa: Pa, tmp_path: Path
) -> None:
    site = tmp_path / "venv" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    site.mkdir(parents=True)
    (site / "project.pth").write_text(f"{pa.project}\n")
    (tmp_path / "venv" / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix) / 'bin'}\n")
    env = {"VIRTUAL_ENV": str(tmp_path / "venv")}
    ran = pa.task("--sandbox", "plain", "--max-rounds", "1", "--check", CHECK, worker=MEND, env=env)
    finding = ran.finding(CHECK)
    assert finding["finding"] == "unverified"
    assert "without isolation" in finding["reason"]
    assert ran.code == 3
