"""The session's list of tasks, which people and runs share."""

import base64
import json

import pytest
from support.front_door import Pa
from support.model_server import Reply, model_server
from support.projects import CHECK, MEND

pytestmark = pytest.mark.slow

LIST = ".agentproxy/session/tasks.md"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_run_writes_its_task_down_and_leaves_a_persons_lines_alone(pa: Pa) -> None:
    assert pa("init").code == 0
    pa.commit("The contexts")
    mine = "# This week\n\n- [ ] Call the printer\n"
    pa.write({LIST: mine})
    ran = pa.task("--check", CHECK, worker=MEND)
    assert ran.code == 0, ran.result
    text = (pa.project / LIST).read_text()
    assert text.startswith(mine)
    assert f"- [x] Make it right (run {ran.result['run']}: verified)" in text
    assert pa.git("status", "--porcelain") == ""


def test_what_failed_is_said_to_be_blocked(pa: Pa) -> None:
    (pa.project / ".agentproxy/session").mkdir(parents=True)
    ran = pa.task("--check", CHECK, "--max-rounds", "1", worker="echo '# no' >> calc.py")
    assert ran.code == 1
    assert (
        f"- [!] Make it right (run {ran.result['run']}: refuted)" in (pa.project / LIST).read_text()
    )


def test_a_run_that_is_stopped_is_said_to_be_and_keeps_only_what_its_worker_began(
    pa: Pa,
) -> None:
    (pa.project / ".agentproxy/session").mkdir(parents=True)
    ran = pa.task("--check", CHECK, "--max-time", "3s", worker="echo begun > notes; sleep 9")
    run = ran.result["run"]
    assert "waits: ceiling" in (pa.project / LIST).read_text()
    assert pa("stop", run).code == 0
    assert f"(run {run}: stopped)" in (pa.project / LIST).read_text()
    folder = pa.home / "runs" / run
    assert (folder / "work/tree/notes").read_text() == "begun\n"
    assert not (folder / "checkouts").exists()


def test_without_the_folder_nothing_is_written(pa: Pa) -> None:
    assert pa.task("--check", CHECK, worker=MEND).code == 0
    assert not (pa.project / ".agentproxy").exists()


def test_the_guidance_stands_in_the_brief(pa: Pa) -> None:
    pa.write({"AGENTS.md": "Use two spaces.\n"})
    pa.commit("Guidance")
    ran = pa.task("--check", CHECK, worker=f'{MEND}\ngrep "Use two spaces" "$AGENTPROXY_BRIEF"')
    assert ran.code == 0, ran.result
    assert [each["path"] for each in ran.of_kind("contexts_read")[0]["documents"]] == ["AGENTS.md"]


def test_a_program_finds_the_screenshot_in_a_folder(pa: Pa) -> None:
    picture = pa.scripts / "screen.png"
    picture.write_bytes(PIXEL)
    worker = f'{MEND}\ncp "$AGENTPROXY_SCREENSHOTS/1.png" seen.png'
    ran = pa.task("--add-screenshot", str(picture), "--check", CHECK, worker=worker)
    assert ran.code == 0, ran.result
    assert "seen.png" in [each["path"] for each in ran.of_kind("claim_recorded")[0]["changes"]]


def test_a_screenshot_is_shown_to_the_model(pa: Pa) -> None:
    picture = pa.scripts / "screen.png"
    picture.write_bytes(PIXEL)
    edit = json.dumps({"path": "calc.py", "old_text": "a - b", "new_text": "a + b"})
    replies = (Reply(calls=(("edit_file", edit),), stop="tools"), Reply(text=("Done.",)))
    with model_server(*replies) as server:
        ran = pa(
            "-o", "json", "--worker", "builtin", "--model", "claude-sonnet-4-6", "--judge", "none",
            "--add-screenshot", str(picture), "--check", CHECK, "As on the picture",
            env={"ANTHROPIC_API_KEY": "sk-not-a-real-key", "ANTHROPIC_BASE_URL": server.url},
        )  # fmt: skip
    assert ran.code == 0, ran.result
    assert all(base64.b64encode(PIXEL).decode() in json.dumps(body) for body in server.asked)
