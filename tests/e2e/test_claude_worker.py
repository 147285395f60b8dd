"""Claude Code as a worker, played by a small program that speaks as it does."""

import json
from pathlib import Path

import pytest
from support.front_door import Pa, Ran
from support.life import Life, alive_with, nobody_is_left, of_kind
from support.projects import CHECK, MEND

# It answers the greeting of the SDK, and reads the brief. Each call of `say` is a message.
CLAUDE = """#!/usr/bin/env python3
import json, os, pathlib, subprocess, sys, time
def say(kind, **message):
    print(json.dumps({"type": kind, **message}), flush=True)
def hear():
    return json.loads(sys.stdin.readline() or sys.exit(1))
def greet():
    asked = hear()
    say("control_response", response={"subtype": "success", "request_id": asked["request_id"],
        "response": {"hook_on_failure_supported": True}})
    return asked["request"]
def begin():
    greet()
    brief = hear()
    say("system", subtype="init", session_id="s-1")
    return brief
def end(subtype="success", *, error=False, **more):
    say("result", subtype=subtype, duration_ms=1, duration_api_ms=1, is_error=error, num_turns=1,
        session_id="s-1", user_message_uuids=[brief["uuid"]], **more)
def mend():
    subprocess.run(["sh", "-c", MEND], check=True)
MEND = %r
resumed = [word for word in sys.argv if word.startswith("--resume=")]
"""
KEYS = {"AGENTPROXY_JUDGE": "none", "ANTHROPIC_API_KEY": "sk-000", "OPENAI_API_KEY": "sk-000"}
KEYS["ANTHROPIC_BASE_URL"] = "http://127.0.0.1:9"


def plays(pa: Pa, script: str) -> None:
    """Claude Code does this."""
    program = pa.scripts / "claude"
    program.write_text(CLAUDE % MEND + script)
    program.chmod(0o755)
    folder = pa.home / "config" / "agentproxy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f'[worker.claude]\nprogram = "{program}"\n')


def order(pa: Pa, *more: str) -> Ran:
    words = ("-o", "json", "--worker", "claude", "--check", CHECK, *more)
    return pa(*words, "Fix it", env=KEYS)


def test_what_it_says_between_its_messages_is_overlooked(pa: Pa) -> None:
    plays(
        pa,
        """
brief = begin()
told = json.dumps(brief)
assert "To claim that the task is done" in told and "exit code" not in told
print("a warning of a library", flush=True)
print("[" * 100_000, flush=True)
print("[1, 2]", flush=True)
say("weather", degrees=20)
say("system", subtype="hologram", shape="cube")
mend()
end(result="Done.")
""",
    )
    ran = order(pa)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-3:]
    assert ran.of_kind("session_opened") == [{"session": "s-1"}]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("sys.exit(3)", "ended without"),
        ("print('no login', file=sys.stderr); sys.exit(1)", "no login"),
        ("greet(); hear(); sys.exit(0)", "ended without"),
        ("brief = begin(); end(error=True, result='API Error: 500', api_error_status=500)", "500"),
        ("brief = begin(); say('result', subtype='success')", "result"),
        ("brief = begin(); print('x' * (65 << 20)); time.sleep(60)", "too long"),
    ],
)
def test_a_program_that_does_not_work_parks_the_run_with_its_words(
    pa: Pa, script: str, says: str
) -> None:
    plays(pa, script)
    ran = order(pa)
    assert (ran.code, ran.result["verdict"]) == (6, "parked"), ran.result
    assert "Claude Code" in ran.result["reason"]
    assert says in ran.result["reason"], ran.result
    plays(pa, "brief = begin(); mend(); end()")
    assert pa("resume", "-o", "json", env=KEYS).code == 0


@pytest.mark.parametrize(
    ("script", "flaw"),
    [
        (
            "call = {'type': 'tool_use', 'id': 7, 'name': 'Bash', 'input': {}}\n"
            "say('assistant', message={'model': 'm', 'content': [call]})",
            "assistant.message.content[0].id must be a text",
        ),
        ("say('rate_limit_event', rate_limit_info=[])", "list"),
        ("end(result=['Done'])", "result.result must be a text"),
    ],
)
def test_a_message_that_cannot_be_understood_is_told_with_version_and_cure(
    pa: Pa, script: str, flaw: str
) -> None:
    named = "say('system', subtype='init', session_id='s-1', claude_code_version='9.8.7')"
    plays(pa, f"brief = begin()\n{named}\nmend()\n{script}\nend()")
    ran = order(pa)
    assert (ran.code, ran.result["verdict"]) == (6, "parked"), ran.result
    told = ran.result["reason"]
    assert "Claude Code 9.8.7 sent a message that cannot be understood" in told, told
    assert flaw in told
    assert "install that one" in told
    assert "defect" not in told
    assert "; docs/agents.md names the version" in told
    plays(pa, "brief = begin(); mend(); end()")
    assert pa("resume", "-o", "json", env=KEYS).code == 0


def test_a_person_sees_what_it_says_that_the_work_cost_where_that_was_not_paid(pa: Pa) -> None:
    plays(pa, "brief = begin(); mend(); end(result='Done.', total_cost_usd=0.25)")
    ran = order(pa)
    (ended,) = ran.of_kind("worker_ended")
    assert (ended["said_usd"], ended["paid_usd"]) == (0.25, 0.0)
    told = "its program says that this cost $0.2500; the relay paid $0.0000"
    assert told in pa("show", ran.result["run"]).out
    told = "- cost: the worker's program says $0.2500; the relay paid $0.0000"
    assert told in Path(ran.result["packet"]).read_text()


@pytest.mark.parametrize(("jobs", "first"), [("2", "session_opened"), ("3", "check_finished")])
def test_on_few_cores_the_program_starts_before_the_checks_of_the_base_run(
    pa: Pa, jobs: str, first: str
) -> None:
    plays(pa, "time.sleep(0.4)\nbrief = begin(); mend(); end(result='Done.')")
    words = ("-o", "json", "--worker", "claude", "--check", CHECK)
    ran = pa(*words, "Fix it", env={**KEYS, "AGENTPROXY_JOBS": jobs})
    assert ran.code == 0, ran.records[-3:]
    kinds = [each.get("kind") for each in ran.records]
    assert min(("session_opened", "check_finished"), key=kinds.index) == first


def test_a_server_at_an_address_that_is_not_granted_is_refused_with_the_line_to_write(
    pa: Pa,
) -> None:
    plays(pa, "sys.exit(9)")
    file = pa.home / "config" / "agentproxy" / "config.toml"
    server = '[worker.claude.servers.docs]\nurl = "https://docs.example.com/mcp"\n'
    file.write_text(file.read_text() + server)
    ran = order(pa)
    assert (ran.code, [each["kind"] for each in ran.records]) == (6, ["error"]), ran
    assert "the MCP server docs is at docs.example.com:443" in ran.err
    assert 'hosts = ["docs.example.com:443"]' in ran.err


def test_an_end_without_a_claim_is_a_round_without_one(pa: Pa) -> None:
    plays(pa, "brief = begin(); mend(); end('error_max_turns', error=True)")
    ran = order(pa, "--max-rounds", "1")
    ended = ran.of_kind("worker_ended")[0]
    assert (ended["claims"], ended["reason"]) == (False, "it stopped: max turns")


def test_a_conversation_that_it_does_not_know_any_more_begins_anew(pa: Pa) -> None:
    plays(pa, "brief = begin(); sys.exit(1)")
    assert order(pa).code == 6
    plays(
        pa,
        """
if resumed:
    assert resumed == ["--resume=s-1"]
    say("result", subtype="error_during_execution", duration_ms=0, duration_api_ms=0,
        is_error=True, num_turns=0, session_id="s-1",
        errors=["No conversation found with session ID: s-1"])
    sys.exit(1)
brief = begin()
mend()
end()
""",
    )
    ran = pa("resume", "-o", "json", env=KEYS)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-3:]


def test_half_of_a_pair_where_it_cuts_a_text_is_told_as_a_sign_of_its_own(pa: Pa) -> None:
    plays(
        pa,
        r"""
brief = begin()
call = {"type": "tool_use", "id": "c", "name": "Bash", "input": {"command": "cat smile"}}
say("assistant", message={"model": "m", "content": [call]})
print(r'{"type": "user", "message": {"role": "user", "content": [{"type": "tool_result", '
    r'"tool_use_id": "c", "content": "\ud83d\ude00 and \ud83d"}]}}', flush=True)
mend()
end(result="Cut \ud83d")
""",
    )
    ran = order(pa)
    assert ran.code == 0, ran.result
    assert [each["text"] for each in ran.of_kind("tool_finished")] == ["\U0001f600 and \ufffd"]


def test_an_older_version_that_does_not_name_the_messages_of_a_turn_ends(pa: Pa) -> None:
    plays(
        pa,
        """
brief = begin()
mend()
say("result", subtype="success", duration_ms=1, duration_api_ms=1, is_error=False, num_turns=1,
    session_id="s-1", result="Done.")
sys.stdin.read()
""",
    )
    ran = order(pa, "--max-time", "60s")
    assert ran.code == 0, ran.result


def test_words_of_its_claim_do_not_begin_the_conversation_anew(pa: Pa) -> None:
    plays(
        pa,
        """
brief = begin()
if resumed:
    mend()
end(result="It says 'No conversation found' now.")
""",
    )
    ran = order(pa, "--max-rounds", "2")
    assert ran.code == 0, ran.records[-3:]
    assert len(ran.of_kind("session_opened")) == len(ran.of_kind("worker_ended")) == 2


def test_its_time_is_up_and_more_of_it_goes_on_in_the_same_conversation(pa: Pa) -> None:
    plays(pa, "brief = begin(); time.sleep(60)")
    ran = order(pa, "--max-time", "2s")
    assert ran.code == 5, ran.result
    assert ran.of_kind("worker_ended")[0]["out_of_time"]
    plays(pa, "assert resumed == ['--resume=s-1']; brief = begin(); mend(); end()")
    assert pa("resume", "--max-time", "60s", "-o", "json", env=KEYS).code == 0


def test_calls_are_decided_in_the_hook_and_a_hook_that_fails_blocks(pa: Pa) -> None:
    plays(
        pa,
        """
hook = greet()["hooks"]["PreToolUse"][0]
assert hook["onFailure"] == "block" and hook["matcher"] is None
brief = hear()
answers = []
for number, command in enumerate(["cat calc.py", "rm -rf ~"]):
    key = f"call_{number}"
    call = {"type": "tool_use", "id": key, "name": "Bash", "input": {"command": command}}
    say("assistant", message={"model": "m", "content": [call]})
    say("control_request", request_id=key, request={
        "subtype": "hook_callback", "callback_id": hook["hookCallbackIds"][0],
        "tool_use_id": key, "input": {
            "tool_name": "Bash", "tool_input": {"command": command}}})
    answers.append(hear()["response"]["response"])
pathlib.Path("answers.json").write_text(json.dumps(answers))
mend()
end()
""",
    )
    ran = order(pa)
    assert ran.code == 0, ran.records[-3:]
    nothing, denied = json.loads(pa.git("show", f"{ran.result['branch']}:answers.json"))
    assert nothing == {}
    assert denied["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert [each["arguments"] for each in ran.of_kind("tool_started")] == [
        {"command": "cat calc.py"}
    ]


def test_parked_with_a_question_it_costs_no_process(pa: Pa) -> None:
    plays(
        pa,
        """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "300"], start_new_session=True)
brief = begin()
hear()  # a message
question = {"question": "Plus or minus?", "header": "Which", "multiSelect": False,
    "options": [{"label": "Plus", "description": "+"}, {"label": "Minus", "description": "-"}]}
say("control_request", request_id="q", request={"subtype": "can_use_tool",
    "tool_name": "AskUserQuestion", "tool_use_id": "q", "input": {"questions": [question]}})
interrupt = hear()
say("control_response", response={"subtype": "success", "request_id": interrupt["request_id"]})
time.sleep(300)
""",
    )
    words = ("-o", "json", "--worker", "claude", "--check", CHECK, "Fix it")
    life = Life(pa, *words, env=KEYS)
    assert life.sees(of_kind("session_opened"))
    assert any("sleep" in each for each in alive_with(str(pa.project)))
    assert pa("message", str(life.events[0]["run"]), "Ask me").code == 0
    ran = life.end()
    assert (ran.code, ran.result["verdict"]) == (4, "parked"), ran.records[-3:]
    assert nobody_is_left(str(pa.project)) == []
    plays(pa, "brief = begin(); mend(); end()")
    assert pa("answer", ran.result["run"], "Plus").code == 0
    assert pa("resume", "-o", "json", env=KEYS).code == 0


def test_without_isolation_it_works_too(pa: Pa) -> None:
    plays(pa, "brief = begin(); mend(); end()")
    ran = order(pa, "--sandbox", "plain")
    assert ran.code == 0, ran.records[-3:]


@pytest.mark.parametrize(
    ("model", "program", "says", "cure"),
    [
        ("gpt-4o", "", "cannot use gpt-4o", "--worker builtin"),
        ("", "/nonexistent/claude", "does not exist", "spelling"),
    ],
)
def test_what_cannot_work_is_said_before_the_run_begins(
    pa: Pa, model: str, program: str, says: str, cure: str
) -> None:
    plays(pa, "")
    if program:
        file = Path(pa.home, "config/agentproxy/config.toml")
        file.write_text(f'[worker.claude]\nprogram = "{program}"\n')
    ran = order(pa, *(("--model", model) if model else ()))
    assert ran.code == 6
    assert says in ran.err + ran.out
    assert cure in ran.err + ran.out


def test_with_a_login_that_is_granted_it_needs_no_key(pa: Pa) -> None:
    home = pa.scripts / "user"
    (home / ".claude").mkdir(parents=True)
    login = home / ".claude" / ".credentials.json"
    login.write_text("the login")
    without = {"AGENTPROXY_JUDGE": "none", "ANTHROPIC_API_KEY": "", "HOME": str(home)}
    words = ("-o", "json", "--worker", "claude", "--check", CHECK, "Fix it")
    plays(
        pa,
        """
brief = begin()
login = pathlib.Path.home() / ".claude" / ".credentials.json"
assert login.read_text() == "the login" and "ANTHROPIC_API_KEY" not in os.environ
login.write_text("renewed")
mend()
end()
""",
    )
    refused = pa(*words, env=without)
    assert refused.code == 6
    assert "has no model" in refused.err + refused.out
    file = Path(pa.home, "config/agentproxy/config.toml")
    file.write_text(f'{file.read_text()}home = [".claude/.credentials.json"]\n')
    ran = pa(*words, env=without)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.records[-3:]
    granted = ran.of_kind("worker_started")[0]["grants"]
    assert "home ~/.claude/.credentials.json, writable" in granted
    assert login.read_text() == "renewed"


@pytest.mark.parametrize(
    ("more", "env", "says"),
    [
        ("", {"ANTHROPIC_API_KEY": "sk-000"}, "✓ worker claude: {program}\n"),
        ("", {}, "· worker claude: {program}, without a key\n"),
        ('home = [".claude/.credentials.json"]\n', {}, "✓ worker claude: {program}\n"),
        ('program = "/nonexistent/claude"\n', {}, "/nonexistent/claude does not exist\n"),
    ],
)
def test_pa_doctor_says_whether_it_can_be_the_worker(
    pa: Pa, more: str, env: dict[str, str], says: str
) -> None:
    plays(pa, "")
    program = pa.scripts / "claude"
    if more:
        own = "" if more.startswith("program") else f'program = "{program}"\n'
        Path(pa.home, "config/agentproxy/config.toml").write_text(f"[worker.claude]\n{own}{more}")
    told = pa("doctor", env={"ANTHROPIC_API_KEY": "", **env}).out
    assert says.format(program=program) in told
