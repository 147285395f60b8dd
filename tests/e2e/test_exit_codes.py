"""Exit codes tell the truth; each with what cures it."""

import json
import os
import signal
import time

import pytest
from support.front_door import Pa
from support.projects import CHECK, MEND


def scripted(pa: Pa, *rounds: list[dict[str, object]]) -> str:
    path = pa.scripts / "script.json"
    path.write_text(json.dumps(rounds))
    return f"scripted:{path}"


FIXED = "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n"
WRITE: dict[str, object] = {"do": "write", "path": "calc.py", "text": FIXED}


def test_no_task_is_a_usage_error_that_shows_how(pa: Pa) -> None:
    ran = pa()
    assert ran.code == 2
    assert 'pa [OPTIONS] "TASK"' in ran.err


def test_an_unknown_option_is_a_usage_error(pa: Pa) -> None:
    ran = pa("--no-such-option", "x")
    assert ran.code == 2
    assert "--no-such-option" in ran.err


@pytest.mark.parametrize("option", ["--check", "--keep"])
def test_a_check_without_a_command_is_a_usage_error_that_names_the_option(
    pa: Pa, option: str
) -> None:
    ran = pa(option, " ", "--worker", "command:true", "Fix it")
    assert ran.code == 2
    assert option in ran.err
    assert "Usage: pa [OPTIONS] [TASK]" in ran.err


def test_a_folder_without_a_repository_ends_with_2_and_the_command_that_cures_it(pa: Pa) -> None:
    outside = pa.scripts
    ran = pa("--worker", "command:true", "Do it", cwd=outside)
    assert ran.code == 2
    assert "git init" in ran.err


def test_a_missing_directory_ends_with_2_and_names_it(pa: Pa) -> None:
    ran = pa("-d", "nowhere", "Do it")
    assert ran.code == 2
    assert "nowhere" in ran.err


def test_no_worker_ends_with_6_and_says_how_to_name_one(pa: Pa) -> None:
    ran = pa("Do it")
    assert ran.code == 6
    assert "--worker" in ran.err


def test_a_worker_that_is_not_there_ends_with_6_and_names_it(pa: Pa) -> None:
    ran = pa("--worker", "command:no-such-agent --fast", "Do it")
    assert ran.code == 6
    assert "no-such-agent" in ran.err


def test_a_kind_of_worker_with_nothing_after_it_is_told_so(pa: Pa) -> None:
    ran = pa("--worker", "command: ", "Do it")
    assert ran.code == 6
    assert "nothing stands after --worker 'command:'" in ran.err


def test_a_malformed_setting_names_its_variable_and_ends_with_2(pa: Pa) -> None:
    ran = pa("--worker", "command:true", "Do it", env={"AGENTPROXY_MAX_ROUNDS": "many"})
    assert ran.code == 2
    assert "AGENTPROXY_MAX_ROUNDS" in ran.err


def test_a_malformed_configuration_names_file_and_key(pa: Pa) -> None:
    pa.write({"agentproxy.toml": "[checks.x]\ncomand = 'pytest'\n"})
    pa.commit()
    ran = pa("--worker", "command:true", "Do it")
    assert ran.code == 2
    assert "agentproxy.toml" in ran.err
    assert "comand" in ran.err


def test_a_spent_ceiling_parks_with_5_and_resume_goes_on(pa: Pa) -> None:
    worker = f"[ -f $HOME/been ] && {{ {MEND}; exit 0; }}; sleep 60"
    ran = pa.task("--check", CHECK, "--max-time", "1s", worker=worker)
    assert ran.code == 5
    run = ran.result["run"]
    assert "used up its 1s" in ran.result["reason"]
    assert ran.result["hints"] == [f"pa resume {run} --max-time 2s   continues with twice the time"]
    (pa.home / "runs" / run / "home" / "been").touch()
    again = pa("resume", run, "--max-time", "60s", "-o", "json")
    assert (again.code, again.result["verdict"]) == (0, "verified")


def test_a_question_without_a_human_parks_with_4_and_the_answer_is_enough(pa: Pa) -> None:
    ask: dict[str, object] = {"do": "ask", "text": "Plus or minus?", "into": "notes.md"}
    worker = scripted(pa, [ask, WRITE])
    ran = pa("-o", "json", "--worker", worker, "--check", CHECK, "Make it right")
    assert ran.code == 4
    run = ran.result["run"]
    assert pa("answer", run, "Plus").code == 0
    again = pa("resume", run, "-o", "json")
    assert (again.code, again.result["verdict"]) == (0, "verified")
    assert pa.git("show", f"{again.result['branch']}:notes.md") == "Plus"


def test_a_permission_without_a_human_parks_with_4_and_a_denial_reaches_the_worker(pa: Pa) -> None:
    ask: dict[str, object] = {"do": "ask_permission", "action": "run", "subject": "git push origin"}
    worker = scripted(pa, [ask, WRITE])
    ran = pa("-o", "json", "--max-rounds", "1", "--worker", worker, "--check", CHECK, "Fix it")
    assert ran.code == 4
    run = ran.result["run"]
    assert pa("deny", run, "not today").code == 0
    again = pa("resume", run, "-o", "json")
    ended = again.of_kind("worker_ended")[-1]
    assert "not today" in ended["reason"]
    assert again.code in (1, 3)


def test_what_policy_forbids_is_denied_at_once_and_nobody_is_asked(pa: Pa) -> None:
    ask: dict[str, object] = {"do": "ask_permission", "action": "run", "subject": "rm -rf ~"}
    worker = scripted(pa, [ask])
    ran = pa("-o", "json", "--max-rounds", "1", "--worker", worker, "--check", CHECK, "Fix it")
    decision = ran.of_kind("request_decided")[0]["decision"]
    assert (decision["allowed"], decision["by"]) == (False, "policy")


def test_answering_when_nothing_waits_is_a_usage_error(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, worker=MEND)
    refused = pa("answer", ran.result["run"], "Yes")
    assert refused.code == 2
    assert "has no open question" in refused.err


def test_ctrl_c_parks_with_130_and_resume_goes_on(pa: Pa) -> None:
    worker = pa.worker(f"[ -f $HOME/been ] && {{ {MEND}; exit 0; }}; touch $HOME/been; sleep 60")
    process = pa.start("-o", "json", "--worker", worker, "--check", CHECK, "Make it right")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["kind"] == "worker_started":
            break
    deadline = time.monotonic() + 30
    while not list(pa.home.glob("runs/*/home/been")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    result = json.loads(out.splitlines()[-1])
    assert (process.returncode, result["verdict"]) == (130, "parked")
    again = pa("resume", result["run"], "-o", "json")
    assert (again.code, again.result["verdict"]) == (0, "verified")
    assert again.of_kind("worker_started")[-1]["again"] is True


def test_a_stopped_run_is_over(pa: Pa) -> None:
    worker = scripted(pa, [{"do": "ask", "text": "Which?"}, WRITE])
    run = pa("-o", "json", "--worker", worker, "--check", CHECK, "Fix it").result["run"]
    assert pa("stop", run, "--reason", "by hand").code == 0
    assert "stopped" in pa("list").out
    again = pa("resume", run)
    assert again.code == 3
    assert "by hand" in again.out


def test_plain_execution_is_never_chosen_silently_and_is_said_aloud(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, worker=MEND)
    assert "bubblewrap" in ran.of_kind("segment_started")[0]["sandbox"]
    ran = pa.task("--sandbox", "plain", "--check", CHECK, worker=MEND)
    assert "no isolation" in ran.of_kind("segment_started")[0]["sandbox"].lower()
    assert ran.code == 0
