"""What models cost: every attempt is recorded and paid, and a ceiling holds."""

import json
from collections.abc import Iterator

import pytest
from support.front_door import Pa
from support.model_server import Reply, Server, model_server
from support.projects import CHECK, MEND

EDIT = ("edit_file", json.dumps({"path": "calc.py", "old_text": "a - b", "new_text": "a + b"}))
MENDING = Reply(text=("It subtracts.",), calls=(EDIT,), stop="tools", usage=(1000, 100))
DONE = Reply(text=("Mended.",), usage=(2000, 50))
AT_ONCE = {"LLM_RETRY_BASE_DELAY": "0", "LLM_RETRY_MAX_DELAY": "0.01"}
ORDER = ("-o", "json", "--worker", "builtin", "--judge", "none", "--check", CHECK)


@pytest.fixture
def server() -> Iterator[Server]:
    with model_server(MENDING, DONE) as found:
        yield found


def keys(server: Server, **more: str) -> dict[str, str]:
    return {
        **AT_ONCE,
        "ANTHROPIC_API_KEY": "sk-ant-not-a-real-key",
        "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_API_KEY": "sk-not-a-real-key",
        "OPENAI_BASE_URL": f"{server.url}/v1",
        **more,
    }


def test_every_answer_is_priced_and_the_run_says_what_it_cost(pa: Pa, server: Server) -> None:
    ran = pa(*ORDER, "--model", "claude-sonnet-4-6", "Fix it", env=keys(server))
    assert ran.code == 0, ran.result
    paid = [item["usd"] for item in ran.of_kind("model_settled")]
    dollars_for_a_million = (3, 15)
    assert paid == [
        pytest.approx((1000 * dollars_for_a_million[0] + 100 * dollars_for_a_million[1]) / 1e6),
        pytest.approx((2000 * dollars_for_a_million[0] + 50 * dollars_for_a_million[1]) / 1e6),
    ]
    assert ran.result["usd"] == pytest.approx(sum(paid))
    shown = pa("show", ran.result["run"])
    assert "$0.0045 claude-sonnet-4-6 (1,000 tokens in, 100 out)" in shown.out


def test_an_overloaded_model_is_asked_again_and_each_attempt_is_recorded(
    pa: Pa, server: Server
) -> None:
    busy = Reply(status=429, headers={"Retry-After": "0"})
    server.replies[:] = [busy, Reply(status=503), MENDING, DONE]
    ran = pa(*ORDER, "--model", "claude-sonnet-4-6", "Fix it", env=keys(server))
    assert ran.code == 0, ran.result
    assert [item["attempt"] for item in ran.of_kind("model_asked")] == [1, 2, 3, 1]
    assert [bool(item["error"]) for item in ran.of_kind("model_settled")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.slow
def test_a_key_that_is_refused_is_not_tried_again(pa: Pa, server: Server) -> None:
    server.replies[:] = [Reply(status=401)]
    ran = pa(*ORDER, "--model", "claude-sonnet-4-6", "Fix it", env=keys(server))
    assert (ran.code, len(server.asked)) == (6, 1)


@pytest.mark.slow
def test_an_answer_that_was_cut_off_is_paid_for_and_asked_for_again(pa: Pa, server: Server) -> None:
    cut = Reply(text=("It sub", "tracts."), fault="cut")
    server.replies[:] = [cut, MENDING, DONE]
    ran = pa(*ORDER, "--model", "claude-sonnet-4-6", "Fix it", env=keys(server))
    assert ran.code == 0, ran.result
    first = ran.of_kind("model_settled")[0]
    assert first["estimated"]
    assert first["usd"] > 0


@pytest.mark.slow
def test_after_all_retries_the_other_model_is_asked(pa: Pa, server: Server) -> None:
    down = [Reply(status=529)] * 2
    server.replies[:] = [*down, MENDING, *down, DONE]
    env = keys(server, LLM_MAX_RETRIES="1", MODEL_FALLBACK="gpt-4o")
    ran = pa(*ORDER, "--model", "claude-sonnet-4-6", "Fix it", env=env)
    assert ran.code == 0, ran.result
    answered = [item["model"] for item in ran.of_kind("model_settled") if not item["error"]]
    assert answered == ["gpt-4o", "gpt-4o"]


def test_a_spent_budget_parks_with_5_and_resume_with_more_goes_on(pa: Pa, server: Server) -> None:
    order = [*ORDER, "--model", "claude-sonnet-4-6", "--budget", "0.022", "Fix it"]
    ran = pa(*order, env=keys(server))
    assert ran.code == 5, ran.result
    assert "pa resume --budget" in ran.result["reason"]
    assert ran.result["hints"][0].startswith(f"pa resume {ran.result['run']} --budget 0.044 ")
    assert 0 < ran.result["usd"] <= 0.022
    assert len(server.asked) == 1
    again = pa("resume", "-o", "json", env=keys(server))
    assert (again.code, len(server.asked)) == (5, 1)
    more = pa("resume", "-o", "json", "--budget", "1", env=keys(server))
    assert more.code == 0, more.result
    assert len(server.asked) == 2
    assert more.result["usd"] == pytest.approx(0.0045 + 0.00675)


@pytest.mark.slow
def test_what_may_be_answered_shrinks_with_the_money_that_is_left(pa: Pa, server: Server) -> None:
    order = [*ORDER, "--model", "claude-sonnet-4-6", "--budget", "0.06", "Fix it"]
    assert pa(*order, env=keys(server)).code == 0
    allowed = [body["max_tokens"] for body in server.asked]
    assert 1024 <= allowed[1] < allowed[0] < 4000
    assert all(item["reserved"] <= 0.06 for item in pa_asked(pa))


def pa_asked(pa: Pa) -> list[dict[str, float]]:
    shown = pa("show", "-o", "json")
    return shown.of_kind("model_asked")


@pytest.mark.slow
def test_a_model_of_unknown_price_is_said_to_be_one_and_a_table_of_ones_own_wins(
    pa: Pa, server: Server
) -> None:
    env = keys(server, RUNPOD_API_KEY="rp-not-a-real-key", RUNPOD_BASE_URL=f"{server.url}/v1")
    ran = pa(*ORDER, "--model", "runpod/mine", "Fix it", env=env)
    assert (ran.code, ran.result["usd"], ran.result["unpriced"]) == (0, 0.0, ["runpod/mine"])
    server.replies[:] = [MENDING, DONE]
    priced = {**env, "MODEL_PRICING": '{"runpod/": [1, 10]}'}
    again = pa(*ORDER, "--model", "runpod/mine", "Fix it", env=priced)
    assert again.result["usd"] == pytest.approx((3000 + 150 * 10) / 1e6)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LLM_MAX_RETRIES", "many"),
        ("LLM_RETRY_BASE_DELAY", "-1"),
        ("MODEL_PRICING", "free"),
        ("MODEL_PRICING", '{"gpt-4o": [-1, 0]}'),
        ("MODEL_LLM_PARAMS", "[]"),
        ("AGENTPROXY_BUDGET", "0"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_its_cure(pa: Pa, variable: str, value: str) -> None:
    ran = pa("--worker", "builtin", "Fix it", env={variable: value})
    assert ran.code == 2
    assert variable in ran.err
    assert "give" in ran.err


@pytest.mark.slow
def test_a_budget_that_does_not_pay_for_the_plan_parks_with_5_too(pa: Pa, server: Server) -> None:
    plan = json.dumps({"parts": [{"task": "Fix"}]})
    server.replies[:] = [Reply(calls=(("reply", plan),), stop="tools", usage=(1000, 20))]
    judge = ("-o", "json", "--judge", "claude-sonnet-4-6", "--check", CHECK)
    order = [*judge, "--worker", pa.worker(MEND), "--budget", "0.001", "Fix it"]
    ran = pa(*order, env=keys(server))
    assert (ran.code, server.asked) == (5, []), ran.result
    more = pa("resume", "-o", "json", "--budget", "1", env=keys(server))
    assert (more.code, more.result["usd"]) == (0, pytest.approx(0.0033)), more.result
