"""A program that asks its model through the relay: through the real process, in the sandbox."""

import json
import shlex
from typing import cast

import pytest
from support.front_door import Pa, Ran
from support.model_server import Reply, model_server
from support.projects import CHECK, MEND
from support.relay import KEY, keys_for

# A whole coding agent that needs nothing but Python: it asks, and writes what it is told.
AGENT = """
import json, os, pathlib, sys, urllib.request
request = urllib.request.Request(
    os.environ["OPENAI_BASE_URL"] + "/chat/completions",
    json.dumps({
        "model": os.environ["AGENTPROXY_MODEL"],
        "messages": [{"role": "user", "content": sys.stdin.read()}],
    }).encode(),
    {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
)
with urllib.request.urlopen(request) as answer:
    text = json.load(answer)["choices"][0]["message"]["content"]
calc = pathlib.Path("calc.py")
calc.write_text(calc.read_text().replace(*text.split("->")))
print(dict(os.environ))
"""
MENDS = Reply(text=("a - b->", "a + b"), usage=(1000, 200))


def command(pa: Pa) -> str:
    path = pa.scripts / "agent.py"
    path.write_text(AGENT)
    return f"/usr/bin/python3 {shlex.quote(str(path))}"


def fixed(ran: Ran) -> None:
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.err, ran.records[-3:])
    assert KEY not in ran.out
    (settled,) = ran.of_kind("model_settled")
    assert settled["usage"]["input"] == 1000
    assert settled["usd"] == pytest.approx(0.0045)
    (asked,) = ran.of_kind("model_asked")
    assert (asked["model"], asked["call"]) == ("gpt-4o", settled["call"])


@pytest.mark.parametrize("sandbox", ["auto", "plain"])
def test_a_program_mends_with_the_model_that_the_order_grants(pa: Pa, sandbox: str) -> None:
    words = ["-o", "json", "--worker", f"command:{command(pa)}", "--model", "gpt-4o"]
    with model_server(MENDS) as server:
        ran = pa(
            *words, "--check", CHECK, "--sandbox", sandbox, "Fix it", env=keys_for(server)
        )  # fmt: skip
    fixed(ran)
    assert "Fix it" in json.dumps(server.asked[0])
    grants = ran.of_kind("worker_started")[0]["grants"]
    assert grants == ["model gpt-4o through the relay, the key stays outside"]
    assert not ran.of_kind("worker_ended")[0]["out_of_money"]


def test_a_configured_program_has_its_own_model_and_its_hosts_beside(pa: Pa) -> None:
    folder = pa.home / "config" / "agentproxy"
    folder.mkdir(parents=True)
    table = {"command": command(pa), "model": "gpt-4o", "hosts": ["api.example.com:443"]}
    lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
    (folder / "config.toml").write_text("\n".join(["[worker.mine]", *lines, ""]))
    with model_server(MENDS) as server:
        ran = pa(
            "-o", "json", "--worker", "mine", "--check", CHECK, "Fix it",
            env={**keys_for(server), "AGENTPROXY_MODEL": "claude-sonnet-4-6"},
        )  # fmt: skip
    fixed(ran)


def configured(pa: Pa, table: dict[str, object]) -> None:
    folder = pa.home / "config" / "agentproxy"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {toml(value)}" for name, value in table.items()]
    (folder / "config.toml").write_text("\n".join(["[worker.mine]", *lines, ""]))


def toml(value: object) -> str:
    if isinstance(value, dict):
        pairs = cast("dict[str, str]", value).items()
        return "{ " + ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in pairs) + " }"
    return json.dumps(value)


def test_other_models_of_a_table_are_shown_as_grants_and_the_chosen_one_answers_for_them(
    pa: Pa,
) -> None:
    asks_another = AGENT.replace('os.environ["AGENTPROXY_MODEL"]', '"gpt-5.4-nano"')
    line = command(pa)
    (pa.scripts / "agent.py").write_text(asks_another)
    table = {"command": line, "model": "gpt-4o", "models": {"*-mini": "gpt-4o-mini"}}
    configured(pa, {**table, "models": {"*-mini": "gpt-4o-mini", "gpt-*": "chosen"}})
    with model_server(MENDS) as server:
        ran = pa("-o", "json", "--worker", "mine", "--check", CHECK, "Fix it", env=keys_for(server))
    fixed(ran)
    assert server.asked[0]["model"] == "gpt-4o"
    assert ran.of_kind("worker_started")[0]["grants"] == [
        "model gpt-4o through the relay, the key stays outside",
        "model gpt-4o-mini also where it asks for *-mini",
        "model gpt-4o also where it asks for gpt-*",
    ]
    configured(pa, {**table, "models": {"*": "claude-haiku-4-5"}})
    with model_server() as server:
        ran = pa("--worker", "mine", "--check", CHECK, "Fix it", env=keys_for(server))
    assert ran.code == 6
    assert "claude-haiku-4-5 cannot answer beside gpt-4o" in ran.err


def test_a_model_that_cannot_be_had_stops_the_order_but_a_default_does_not(pa: Pa) -> None:
    worker = pa.worker(f"{MEND}; ! env | grep OPENAI")
    words = ["-o", "json", "--worker", worker, "--check", CHECK]
    without = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""}
    ran = pa(*words, "--model", "claude-sonnet-4-6", "Fix it", env=without)
    assert ran.code == 6
    assert "ANTHROPIC_API_KEY" in ran.err
    ran = pa(*words, "Fix it", env={**without, "AGENTPROXY_MODEL": "gpt-4o"})
    assert ran.code == 0, ran.err
