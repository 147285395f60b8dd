"""A real run, as a collector receives it over both protocols."""

import pytest
from support.front_door import Pa
from support.otlp import SentSpan, collector
from support.told_runs import PROTOCOLS, traced


def roots(spans: list[SentSpan]) -> list[SentSpan]:
    """Those whose parent did not come."""
    known = {span.id for span in spans}
    return [span for span in spans if span.parent not in known]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_run_is_one_trace_of_its_effects_over_both_protocols(pa: Pa, protocol: str) -> None:
    with collector(protocol) as to:
        ran = traced(pa, to)
    assert ran.code == 0, (ran.result, ran.err)
    assert ran.err == ""
    assert len({span.trace for span in to.spans}) == 1
    assert len({span.id for span in to.spans}) == len(to.spans)
    (root,) = roots(to.spans)
    assert (root.name, root.parent) == ("pa.run_task", "")
    assert root.attributes["agentproxy.run"] == ran.result["run"]
    assert root.attributes["agentproxy.status"] == "verified"
    (loop,) = to.named("pa.reasoning_loop")
    assert (loop.parent, loop.attributes["agentproxy.decision"]) == (root.id, "deliver")
    (worker,) = to.named("claude.subprocess")
    assert (worker.parent, worker.attributes["process.exit.code"]) == (loop.id, 0)
    (call,) = to.named("gemini.api.call")
    assert call.attributes["gen_ai.provider.name"] == "scripted"
    functions = {span.name for span in to.spans if span.name.startswith("pa.function.")}
    assert functions >= {"pa.function.check", "pa.function.claim", "pa.function.deliver"}
    assert all(span.start <= span.end for span in to.spans)


def test_every_effect_of_the_journal_is_a_span(pa: Pa) -> None:
    with collector("grpc") as to:
        ran = traced(pa, to)
    causes = {record["cause"] for record in ran.records if record.get("cause")}
    assert not any(cause.startswith("command:") for cause in causes)
    assert causes == {
        span.attributes["agentproxy.effect"]
        for span in to.spans
        if "agentproxy.effect" in span.attributes
    }
