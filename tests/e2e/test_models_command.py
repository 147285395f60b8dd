"""`pa models` and what `pa doctor` says of models."""

import json

from support.front_door import Pa, Record
from support.model_server import Reply, model_server

KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
NOBODY: dict[str, str] = dict.fromkeys(KEYS, "")


def listed(pa: Pa, env: dict[str, str]) -> dict[str, Record]:
    ran = pa("models", "--output", "json", env=env)
    assert ran.code == 0, ran.err
    return {row["model"]: row for row in ran.records}


def test_each_model_says_what_it_needs_and_what_it_costs(pa: Pa) -> None:
    rows = listed(pa, NOBODY)
    sonnet = rows["claude-sonnet-4-6"]
    assert (sonnet["ready"], sonnet["needs"]) == (False, "set ANTHROPIC_API_KEY")
    assert (sonnet["usd_in"], sonnet["usd_out"]) == (3, 15)
    assert rows["ollama/MODEL"]["ready"]
    assert rows["runpod/MODEL"]["usd_in"] is None


def test_the_chosen_ones_are_marked_and_a_key_is_enough_to_choose(pa: Pa) -> None:
    env = {**NOBODY, "ANTHROPIC_API_KEY": "sk-not-a-real-key", "AGENTPROXY_JUDGE": "gpt-4o"}
    rows = listed(pa, env)
    assert rows["claude-sonnet-4-6"]["role"] == "worker"
    assert (rows["gpt-4o"]["role"], rows["gpt-4o"]["ready"]) == ("supervisor", False)
    shown = pa("models", env=env)
    assert "sk-not" not in shown.out
    assert "✓ claude-sonnet-4-6" in shown.out


def test_a_name_without_a_form_is_a_model_of_the_provider(pa: Pa) -> None:
    env = {**NOBODY, "AGENTPROXY_MODEL": "my-model"}
    alone = listed(pa, env)["my-model"]
    assert not alone["ready"]
    assert alone["needs"].startswith("write one of: claude-")
    assert alone["needs"].endswith("; or set LLM_PROVIDER to the vendor whose model it is")
    provided = {**env, "LLM_PROVIDER": "openai", "OPENAI_BASE_URL": "http://localhost:8000/v1"}
    assert listed(pa, provided)["my-model"]["needs"] == "set OPENAI_API_KEY"
    row = listed(pa, {**provided, "OPENAI_API_KEY": "sk-not-a-real-key"})["my-model"]
    assert (row["ready"], row["needs"]) == (True, "")
    assert (row["role"], row["where"]) == ("worker", "http://localhost:8000/v1")
    # Other programs have vendors that we do not know.
    assert listed(pa, {**env, "LLM_PROVIDER": "mistral"})["my-model"] == alone


def test_a_run_asks_the_provider_for_a_name_without_a_form(tested: Pa) -> None:
    edit = json.dumps({"path": "calc.py", "old_text": "a - b", "new_text": "a + b"})
    fix = Reply(calls=(("edit_file", edit),), stop="tools")
    with model_server(fix, Reply(text=("Done.",))) as server:
        key = {"LLM_PROVIDER": "openai", "OPENAI_API_KEY": "sk-not-a-real-key"}
        env = {**NOBODY, **key, "OPENAI_BASE_URL": f"{server.url}/v1"}
        order = ["--worker", "builtin", "--model", "my-model", "--judge", "none"]
        ran = tested(*order, "-o", "json", "Fix the sum", env=env)
    assert ran.code == 0, (ran.out, ran.err)
    assert server.asked[0]["model"] == "my-model"


def test_the_doctor_says_whether_anybody_answers_and_sends_no_key(pa: Pa) -> None:
    assert "no vendor's key is set" in pa("doctor", env=NOBODY).out
    with model_server() as server:
        env = {
            **NOBODY,
            "ANTHROPIC_API_KEY": "sk-not-a-real-key",
            "ANTHROPIC_BASE_URL": server.url,
            "OLLAMA_BASE_URL": "http://127.0.0.1:9/v1",
        }
        ran = pa("doctor", "--output", "json", env=env)
    found = {row["what"]: row for row in map(json.loads, ran.out.splitlines())}
    assert found["model endpoint anthropic"]["works"]
    assert not found["model endpoint ollama"]["works"]
    assert "OLLAMA_BASE_URL" in found["model endpoint ollama"]["cure"]
    assert server.asked == []


def test_a_mistyped_address_or_key_is_named_and_is_no_defect_of_ours(pa: Pa) -> None:
    env = {**NOBODY, "OPENAI_API_KEY": "sk-not-a-real-key", "OPENAI_BASE_URL": "http://x:abc/v1"}
    found = {row["what"]: row for row in pa("doctor", "--output", "json", env=env).records}
    assert "OPENAI_BASE_URL is not an address" in found["model endpoint openai"]["detail"]
    for mistyped in (env, {**NOBODY, "OPENAI_API_KEY": "sk-not…a-real-key"}):
        for order in (["--worker", "builtin"], ["--worker", "command:true"]):
            ran = pa(*order, "--model", "gpt-4o", "Fix it", env=mistyped)
            assert ran.code == 6, ran.err
            assert "set OPENAI_" in ran.err
            assert "sk-not" not in ran.err


def test_with_a_key_and_no_worker_our_own_agent_works(tested: Pa) -> None:
    edit = json.dumps({"path": "calc.py", "old_text": "a - b", "new_text": "a + b"})
    plan = Reply(calls=(("reply", json.dumps({"parts": [{"task": "Fix"}]})),), stop="tools")
    fix = Reply(calls=(("edit_file", edit),), stop="tools")
    with model_server(plan, fix, Reply(text=("Done.",))) as server:
        env = {"ANTHROPIC_API_KEY": "sk-not-a-real-key", "ANTHROPIC_BASE_URL": server.url}
        ran = tested("-o", "json", "Fix the sum", env={**NOBODY, **env})
    order = ran.of_kind("run_created")[0]["request"]
    assert (order["worker"], order["model"], order["judge"]) == (
        "builtin",
        "claude-sonnet-4-6",
        "claude-sonnet-4-6",
    )
    assert ran.code == 0, ran.result


def test_prices_and_retries_in_a_env_file_count_after_trust_and_the_doctor_says_so(pa: Pa) -> None:
    pa.write({".env": 'MODEL_PRICING={"gpt-4o": [0, 0]}\nLLM_MAX_RETRIES=9\n'})
    assert listed(pa, NOBODY)["gpt-4o"]["usd_in"] == 2.5
    told = pa("doctor", env=NOBODY).out
    assert "not trusted: LLM_MAX_RETRIES, MODEL_PRICING" in told
    assert pa("trust", env=NOBODY).code == 0
    assert listed(pa, NOBODY)["gpt-4o"]["usd_in"] == 0
    pa.write({".env": "LLM_MAX_RETRIES=many\n"})
    assert pa("trust", env=NOBODY).code == 0
    refused = pa("models", env=NOBODY)
    assert refused.code == 2
    assert f"LLM_MAX_RETRIES from {pa.project / '.env'}" in refused.err
