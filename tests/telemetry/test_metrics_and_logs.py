"""What is counted, timed and logged of a real run."""

import json

import pytest
from support.front_door import Pa
from support.otlp import Collector, collector
from support.projects import CHECK, MEND
from support.told_runs import PROTOCOLS, SECRET_TASK, traced


def labels(to: Collector, name: str) -> list[dict[str, object]]:
    return [point.labels for point in to.metric(name)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_metric_of_a_run_comes_with_its_labels(pa: Pa, protocol: str) -> None:
    with collector(protocol) as to:
        traced(pa, to)
    supervised = {"face": "supervised"}
    assert labels(to, "agentproxy.tasks.started") == [supervised]
    done = {"status": "verified", **supervised}
    (completed,) = to.metric("agentproxy.tasks.completed")
    assert (completed.labels, completed.value, completed.kind) == (done, 1, "sum")
    (took,) = to.metric("agentproxy.task.duration")
    assert (took.labels, took.count, took.kind, took.unit) == (done, 1, "histogram", "s")
    assert took.value > 0
    assert labels(to, "agentproxy.pa.decisions") == [{"decision_type": "deliver"}]
    assert to.metric("agentproxy.pa.reasoning.duration")[0].count == 1
    (called,) = to.metric("agentproxy.gemini.api.duration")
    assert called.count == 1
    assert called.labels["provider"] == "scripted"
    assert labels(to, "agentproxy.claude.iterations") == [{"worker": "command"}]
    checks = labels(to, "agentproxy.verifications")
    assert {"type": "acceptance", "result": "failed", "tree": "base"} in checks
    assert {"type": "acceptance", "result": "passed", "tree": "claim"} in checks
    (active,) = to.metric("agentproxy.sessions.active")
    assert (active.kind, active.value) == ("gauge", 0)
    assert labels(to, "agentproxy.rounds") == [{"verdict": "verified", "round": 1}]
    assert to.metric("agentproxy.proof.duration")[0].count == 1
    assert to.metric("gen_ai.client.operation.duration")[0].count == 1


def test_a_process_says_who_it_is_as_the_variables_choose(pa: Pa) -> None:
    with collector("grpc") as to:
        pa.task("--check", CHECK, worker=MEND, env={**to.variables, "USER": "somebody"})
    said = to.spans[0].resource
    assert (said["service.name"], said["service.namespace"]) == ("agentproxy", "default")
    assert said["agentproxy.owner.id"] == "somebody"
    chosen = {
        "OTEL_SERVICE_NAME": "mine",
        "OTEL_SERVICE_NAMESPACE": "prod",
        "AGENTPROXY_OWNER_ID": "team-7",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=here",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=seven",
    }
    pa.git("checkout", "-q", ".")
    with collector("grpc") as to:
        pa.task("--check", CHECK, worker=MEND, env={**to.variables, **chosen})
    for said in (to.spans[0].resource, to.metric("agentproxy.tasks.started")[0].resource):
        assert (said["service.name"], said["service.namespace"]) == ("mine", "prod")
        assert said["agentproxy.owner.id"] == "team-7"
        assert said["deployment.environment.name"] == "here"
    assert to.headers[0]["x-tenant"] == "seven"
    attributes = "service.name=theirs,service.namespace=stage,agentproxy.owner.id=team-8"
    pa.git("checkout", "-q", ".")
    with collector("grpc") as to:
        env = {**to.variables, "USER": "somebody", "OTEL_RESOURCE_ATTRIBUTES": attributes}
        pa.task("--check", CHECK, worker=MEND, env=env)
    said = to.spans[0].resource
    assert (said["service.name"], said["service.namespace"]) == ("theirs", "stage")
    assert said["agentproxy.owner.id"] == "team-8"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_event_is_a_record_in_its_place_of_the_trace(pa: Pa, protocol: str) -> None:
    with collector(protocol) as to:
        ran = traced(pa, to)
    spans = {span.id: span for span in to.spans}
    # The first event was there before anybody followed the run.
    kinds = [record["kind"] for record in ran.records if record["kind"] != "result"]
    assert [log.name for log in to.logs] == [f"agentproxy.{kind}" for kind in kinds[1:]]
    assert {log.trace for log in to.logs} == {to.spans[0].trace}
    ended = next(log for log in to.logs if log.name == "agentproxy.worker_ended")
    assert spans[ended.span].name == "claude.subprocess"
    assert ended.severity == "INFO"


def test_texts_go_out_only_where_somebody_asked_for_them(pa: Pa) -> None:
    with collector("grpc") as to:
        traced(pa, to)
    assert SECRET_TASK not in repr((to.spans, to.logs, to.points))
    pa.git("checkout", "-q", ".")
    with collector("grpc") as to:
        traced(pa, to, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true")
    (root,) = to.named("pa.run_task")
    assert root.attributes["agentproxy.task"] == SECRET_TASK
    assert any("verified" in log.body for log in to.logs)


def test_a_signal_can_be_left_out(pa: Pa) -> None:
    none = {"OTEL_LOGS_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    with collector("grpc") as to:
        traced(pa, to, **none)
    assert to.spans
    assert not to.logs
    assert not to.points


def test_what_is_sent_is_json_without_keys(pa: Pa) -> None:
    key = "sk-ant-a-key-that-nobody-may-see"
    with collector("grpc") as to:
        ran = pa.task(
            "--judge",
            "none",
            "--check",
            CHECK,
            worker=f"echo {key}; {MEND}",
            env={
                **to.variables,
                "ANTHROPIC_API_KEY": key,
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
            },
            asks=f"Make it right with {key}",
        )
    assert ran.result["verdict"] == "verified"
    sent = json.dumps([repr(each) for each in (to.spans, to.logs, to.points)])
    assert "Make it right with" in sent
    assert key not in sent
