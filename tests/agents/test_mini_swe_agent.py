"""mini-swe-agent as a worker: it asks its model through the relay, and its work is proven."""

import json
from pathlib import Path

import pytest
from support.agents import agents_table
from support.commands import work_once
from support.front_door import Pa, Ran
from support.model_server import Reply, model_server
from support.projects import CHECK, MEND
from support.relay import KEY, Wallet, keys_for, relayed

from agentproxy.config.user import load_user
from agentproxy.models.metered import Meter, Purse
from agentproxy.workers.command import Grants

pytestmark = pytest.mark.agents


def bash(command: str) -> Reply:
    call = ("bash", json.dumps({"command": command}))
    return Reply(text=("So.",), calls=(call,), stop="tools", usage=(1000, 200))


SUBMITS = bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")


def configured(pa: Pa) -> None:
    folder = pa.home / "config" / "agentproxy"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(agents_table())


def order(pa: Pa, *replies: Reply) -> tuple[Ran, list[dict[str, object]]]:
    configured(pa)
    with model_server(*replies) as server:
        words = ("-o", "json", "--worker", "mini", "--model", "gpt-4o", "--check", CHECK)
        ran = pa(*words, "Mend it", env=keys_for(server))
    return ran, server.asked


def test_it_mends_a_repository_through_the_relay_and_is_proven(pa: Pa) -> None:
    ran, asked = order(pa, bash("cat calc.py; env"), bash(MEND), SUBMITS)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.err, ran.records[-4:])
    assert "return a - b" in json.dumps(asked[1])
    settled = ran.of_kind("model_settled")
    assert len(settled) == len(asked) == 3
    assert sum(item["usd"] for item in settled) == pytest.approx(3 * 0.0045)
    assert not any(item["estimated"] for item in settled)
    assert KEY not in ran.out + json.dumps(asked)
    assert "a - b" in (pa.project / "calc.py").read_text()


def test_it_is_stopped_where_the_money_of_the_run_ends(tmp_path: Path) -> None:
    mini = load_user(agents_table(), source="the agents' own").workers["mini"]
    wallet = Wallet(0.1)
    meter = Meter(record=wallet.record, purse=Purse(wallet.left))
    with model_server(bash("echo again")) as server:
        grants = Grants(
            env=mini.env, paths=mini.paths, model=relayed("gpt-4o", server), meter=meter
        )
        ended, _ = work_once(tmp_path, mini.command or "", grants=grants)
    assert ended.out_of_money, ended.output[-2000:]
    assert len(server.asked) >= 2
    assert sum(fact.usd for fact in wallet.settled) <= 0.1
