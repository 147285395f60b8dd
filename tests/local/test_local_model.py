"""A real model that nobody here scripted. It is small and helps nobody: what counts is that the
supervisor over it comes to a truthful end.
"""

import json

import pytest
from support.front_door import Pa, Ran
from support.projects import MEND, PYTEST

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(400)]

SHORT = {"max_tokens": 80}
CHAT, MESSAGES = "ollama/smollm2", "claude-smollm2"
WIRES = pytest.mark.parametrize("model", [CHAT, MESSAGES])
TRUTHFUL_WITHOUT_PROOF = (1, 3, 5)


@pytest.fixture
def pa(tested: Pa) -> Pa:
    return tested


def variables(address: str) -> dict[str, str]:
    return {
        "OLLAMA_BASE_URL": f"{address}/v1",
        "ANTHROPIC_BASE_URL": address,
        "ANTHROPIC_API_KEY": "none-is-needed",
        "MODEL_LLM_PARAMS": json.dumps({"ollama/": SHORT, MESSAGES: SHORT}),
        "AGENTPROXY_JUDGE": "none",
        "LLM_MAX_RETRIES": "0",
    }


def ran(pa: Pa, address: str, *arguments: str) -> Ran:
    words = ("-o", "json", "--max-rounds", "1", "--max-time", "3m", *arguments)
    return pa(*words, "Make add return the sum", env=variables(address), patience=350)


@WIRES
def test_our_own_agent_over_it_ends_truthfully(pa: Pa, address: str, model: str) -> None:
    found = ran(pa, address, "--worker", "builtin", "--model", model, "--check", PYTEST)
    assert found.code in TRUTHFUL_WITHOUT_PROOF, (found.result, found.err)
    answered = found.of_kind("model_settled")
    assert any(item["usage"]["output"] > 0 and not item["error"] for item in answered)
    assert all(item["usd"] == 0 for item in answered if item["model"] == CHAT)


@WIRES
def test_it_plans_and_an_honest_fix_is_still_proven_by_its_test(
    pa: Pa, address: str, model: str
) -> None:
    worker = pa.worker(MEND)
    found = ran(pa, address, "--worker", worker, "--judge", model, "--check", PYTEST)
    assert len(found.of_kind("plan_made")) == 1
    assert found.code in (0, *TRUTHFUL_WITHOUT_PROOF), (found.result, found.err)
    if len(found.of_kind("plan_made")[0]["parts"]) == 1:
        assert found.code == 0, found.result


@WIRES
def test_it_judges_and_a_change_that_does_nothing_is_not_verified(
    pa: Pa, address: str, model: str
) -> None:
    pa.git("rm", "-q", "test_calc.py")
    pa.commit("No tests")
    worker = pa.worker("echo '# sums are hard' >> calc.py")
    found = ran(pa, address, "--worker", worker, "--judge", model)
    assert found.code in TRUTHFUL_WITHOUT_PROOF, (found.result, found.err)


def test_too_long_a_prompt_ends_with_6_and_says_so(pa: Pa, address: str) -> None:
    pa.write({"AGENTS.md": "All work and no play. " * 2500})
    pa.commit("Much to read")
    worker = pa.worker(MEND)
    found = ran(pa, address, "--worker", worker, "--judge", CHAT, "--check", PYTEST)
    assert found.code == 6, found.result
    assert "context" in found.result["reason"]
