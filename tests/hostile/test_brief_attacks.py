"""A worker that puts something else in the place of its brief, for the next round to write to."""

import os
import subprocess
from pathlib import Path

import pytest
from support.front_door import Pa
from support.projects import CHECK, MEND

PRECIOUS = "precious\n"
LINK = 'ln -sf "$VICTIM" "$AGENTPROXY_BRIEF"'
ATTACKS = {
    "a link in the brief's place": LINK,
    "a pipe in the brief's place": 'rm -f "$AGENTPROXY_BRIEF"; mkfifo "$AGENTPROXY_BRIEF"',
    "a folder in the brief's place": 'rm -f "$AGENTPROXY_BRIEF"; mkdir "$AGENTPROXY_BRIEF"',
    "a link in the screenshots' place": (
        'rmdir "$AGENTPROXY_SCREENSHOTS"; ln -s "$(dirname "$VICTIM")" "$AGENTPROXY_SCREENSHOTS"'
    ),
}


def test_the_link_leads_a_naive_writer_of_briefs_out_of_its_folder(tmp_path: Path) -> None:
    victim, brief = tmp_path / "victim", tmp_path / "brief.md"
    victim.write_text(PRECIOUS)
    brief.write_text("brief of round 1")
    variables = {**os.environ, "VICTIM": str(victim), "AGENTPROXY_BRIEF": str(brief)}
    subprocess.run(["sh", "-ec", LINK], env=variables, check=True)
    brief.write_text("brief of round 2")
    assert victim.read_text() == "brief of round 2"


@pytest.mark.parametrize("attack", list(ATTACKS.values()), ids=list(ATTACKS))
def test_what_a_worker_does_to_its_brief_reaches_nothing_outside(pa: Pa, attack: str) -> None:
    victim = pa.project.parent / "elsewhere" / "victim"
    victim.parent.mkdir()
    victim.write_text(PRECIOUS)
    picture = pa.scripts / "shot.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    worker = pa.worker(
        f"VICTIM={victim}\nif [ $AGENTPROXY_ROUND = 1 ]; then set +e; {attack}; exit 0; fi\n"
        f'grep -q "round 2" "$AGENTPROXY_BRIEF"; {MEND}'
    )
    shown = ("--add-screenshot", str(picture))
    ran = pa("-o", "json", *shown, "--check", CHECK, "--worker", worker, "Fix it")
    assert ran.code == 0, ran.out
    assert len(ran.of_kind("round_judged")) == 2
    assert [path.name for path in victim.parent.iterdir()] == ["victim"]
    assert victim.read_text() == PRECIOUS
