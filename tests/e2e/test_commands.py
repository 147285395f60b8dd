"""The documented flags, and the commands beside a task."""

import json

import pytest
from support.front_door import Pa, Ran, new_pa
from support.projects import CHECK, MEND, UNITTEST, UNITTESTED_CALC


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pa, Ran]:
    """A run that is over, for tests that only read it."""
    pa = new_pa(tmp_path_factory.mktemp("finished"), UNITTESTED_CALC)
    return pa, pa.task("--check", UNITTEST, worker=MEND)


def test_list_sessions_and_list_show_runs_from_any_folder(finished: tuple[Pa, Ran]) -> None:
    pa, ran = finished
    run = ran.result["run"]
    for arguments in (["--list-sessions"], ["list"]):
        listed = pa(*arguments, cwd=pa.scripts)
        assert run in listed.out
        assert "verified" in listed.out
    row = json.loads(pa("list", "-o", "json", cwd=pa.scripts).out)
    assert (row["run"], row["status"]) == (run, "verified")


def test_a_run_that_is_over_stays_so_in_the_list_whatever_is_asked_of_it_afterwards(
    finished: tuple[Pa, Ran],
) -> None:
    pa, ran = finished
    run = ran.result["run"]
    pa("resume", run, "--max-time", "5m")
    assert json.loads(pa("list", "-o", "json").out)["status"] == "verified"


def test_set_workdir_works_alone_and_rules_later_tasks(pa: Pa) -> None:
    assert pa("--show-workdir").code == 0
    assert pa("--set-workdir", str(pa.project), cwd=pa.scripts).code == 0
    assert pa("--show-workdir", cwd=pa.scripts).out.strip() == str(pa.project)
    command = ["-o", "json", "--worker", pa.worker(MEND), "--check", CHECK, "Make it right"]
    assert pa(*command, cwd=pa.scripts).code == 0


def test_set_workdir_with_a_task_stores_and_runs(pa: Pa) -> None:
    command = ["--worker", pa.worker(MEND), "--check", CHECK, "Make it right"]
    ran = pa("--set-workdir", str(pa.project), *command, cwd=pa.scripts)
    assert ran.code == 0
    assert pa("--show-workdir").out.strip() == str(pa.project)


@pytest.mark.parametrize(
    "words",
    [
        ["--set-workdir", "/tmp", "--show-workdir"],
        ["--list-sessions", "Fix it"],
        ["--show-workdir", "Fix it"],
        ["--list-sessions", "--show-workdir"],
    ],
)
def test_what_would_be_dropped_silently_is_a_usage_error(pa: Pa, words: list[str]) -> None:
    ran = pa(*words)
    assert ran.code == 2
    assert "cannot be combined" in ran.err
    assert "no default directory" in pa("--show-workdir").out


def test_a_word_that_names_a_command_is_a_task_after_two_dashes(pa: Pa) -> None:
    ran = pa("-o", "json", "--worker", pa.worker(MEND), "--check", CHECK, "--", "show")
    assert ran.of_kind("run_created")[0]["request"]["task"] == "show"


def test_options_may_stand_before_and_after_the_task(pa: Pa) -> None:
    ran = pa("--check", CHECK, "Make it right", "-o", "json", "--worker", pa.worker(MEND))
    assert ran.code == 0


def test_show_tells_the_whole_story_and_how_it_stands(finished: tuple[Pa, Ran]) -> None:
    pa, ran = finished
    run = ran.result["run"]
    shown = pa("show", run[:4])
    assert shown.code == 0
    for text in ("Make it right", "claim 1: calc.py", "proven", "verified"):
        assert text in shown.out
    assert pa("show", run, "-o", "json").result["verdict"] == "verified"


def test_a_number_that_no_run_has_is_a_usage_error(pa: Pa) -> None:
    ran = pa("show", "zzzz")
    assert ran.code == 2
    assert "zzzz" in ran.err


def test_evidence_verifies_and_shows_a_change_of_one_byte(finished: tuple[Pa, Ran]) -> None:
    pa, before = finished
    result = before.result
    assert pa("evidence", result["run"], "--verify").code == 0
    bundle = next(pa.home.glob(f"runs/*/evidence/{result['evidence']}.json"))
    text = bundle.read_text()
    assert text.count('"passed"') > 0
    bundle.write_text(text.replace('"exit_code":1', '"exit_code":0', 1))
    ran = pa("evidence", result["run"], "--verify")
    bundle.write_text(text)
    assert ran.code == 1
    assert "✗" in ran.out


def test_evidence_runs_again_and_comes_out_the_same(finished: tuple[Pa, Ran]) -> None:
    pa, before = finished
    ran = pa("evidence", before.result["run"], "--rerun")
    assert ran.code == 0
    assert ran.out.count("the same") == 2


def test_evidence_as_json_names_trees_commands_and_every_test(finished: tuple[Pa, Ran]) -> None:
    pa, ran = finished
    run = ran.result["run"]
    bundle = json.loads(pa("evidence", run, "-o", "json").out)
    assert bundle["claim_tree"] == pa.git("rev-parse", f"agentproxy/{run}^{{tree}}")
    names = {test["name"] for entry in bundle["entries"] for test in entry["result"]["tests"]}
    assert names == {"test_calc.py::Test::test_add", "test_calc.py::Test::test_double"}


def test_apply_merges_into_the_present_tree_without_a_commit(pa: Pa) -> None:
    head = pa.git("rev-parse", "HEAD")
    pa.task("--check", CHECK, worker=MEND)
    pa.write({"other.py": "mine = 1\n"})
    assert pa("apply").code == 0
    assert "a + b" in (pa.project / "calc.py").read_text()
    assert pa.git("rev-parse", "HEAD") == head
    assert pa.git("diff", "--name-only") == "calc.py"
    assert "nothing to do" in pa("apply").out


def test_a_conflict_touches_nothing(pa: Pa) -> None:
    pa.task("--check", CHECK, worker=MEND)
    mine = "def add(a, b):\n    return sum((a, b))\n\n\ndef double(a):\n    return a * 2\n"
    pa.write({"calc.py": mine})
    ran = pa("apply")
    assert ran.code == 1
    assert "calc.py" in ran.err
    assert (pa.project / "calc.py").read_text() == mine


def test_doctor_names_the_sandbox_and_the_repository(pa: Pa) -> None:
    ran = pa("doctor")
    assert ran.code == 0
    assert "bubblewrap" in ran.out
    assert str(pa.project) in ran.out


def test_json_is_one_event_a_line_and_the_result_last(finished: tuple[Pa, Ran]) -> None:
    _, ran = finished
    events = [record for record in ran.records if record["kind"] != "result"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {"run", "seq", "time", "actor", "kind", "version", "data", "cause"} == set(events[0])
    assert ran.records.index(ran.result) == len(events)


def test_a_key_in_the_environment_reaches_neither_worker_nor_journal(pa: Pa) -> None:
    secret = "sk-ant-" + "q7" * 20
    env = {"ANTHROPIC_API_KEY": secret, "AGENTPROXY_JUDGE": "none"}
    worker = f"env > seen.txt; echo {secret[:12]}{secret[12:]}; {MEND}"
    ran = pa.task("--check", CHECK, worker=worker, env=env)
    branch = ran.result["branch"]
    assert secret not in pa.git("show", f"{branch}:seen.txt")
    assert secret not in ran.out
    stored = b"".join(file.read_bytes() for file in pa.home.glob("journal.sqlite3*"))
    assert secret.encode() not in stored


def test_the_repositorys_configuration_counts_whole_only_after_trust(pa: Pa) -> None:
    pa.write(
        {
            "agentproxy.toml": "[checks.quick]\ncommand = 'true'\nenv = { A = '1' }\n"
            "[worker.mine]\ncommand = 'true'\n"
        }
    )
    pa.commit()
    refused = pa("--worker", "mine", "Do it")
    assert refused.code == 6
    assert pa("trust").code == 0
    ran = pa("-o", "json", "--worker", "mine", "--max-rounds", "1", "Do it")
    assert ran.of_kind("run_created")[0]["request"]["worker"] == "mine"
    assert pa("trust", "--revoke").code == 0
    assert pa("--worker", "mine", "Do it").code == 6


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands(pa: Pa, shell: str) -> None:
    env = {"_PYTHON__M_AGENTPROXY_COMPLETE": f"{shell}_source", "_PA_COMPLETE": f"{shell}_source"}
    ran = pa(env=env)
    assert ran.code == 0
    assert "_PA_COMPLETE" in ran.out


def test_python_m_agentproxy_is_pa(pa: Pa) -> None:
    out, _ = pa.start("--version").communicate()
    assert out.startswith("pa, version ")


def test_of_a_large_claim_only_the_beginning_of_its_diff_is_shown(pa: Pa) -> None:
    large = "head -c 3000000 /dev/zero | tr '\\0' a > a.txt"
    ran = pa.task("--check", CHECK, worker=f"{MEND}\n{large}")
    assert ran.result["diff"].startswith("diff --git a/a.txt")
    assert ran.result["diff"].endswith("... and more lines")
    assert len(ran.result["diff"]) < 70_000
