"""A worker's program may send its own telemetry, to the collector and nowhere else."""

import pytest
from support.front_door import Pa
from support.otlp import Collector, collector
from support.projects import CHECK, MEND

SEND = """python - <<'END'
import os, urllib.request
at = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
open("address.txt", "w").write(at)
if at:
    headers = {"Content-Type": "application/x-protobuf", "X-Trace": os.environ["TRACEPARENT"]}
    asked = urllib.request.Request(at + "/v1/traces", b"", headers)
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=10).read()
END
"""


def send(pa: Pa, to: Collector, **env: str) -> list[str]:
    """What the run shows as granted."""
    ran = pa.task("--check", CHECK, worker=f"{SEND}{MEND}", env={**to.variables, **env})
    assert ran.code == 0, (ran.out, ran.err)
    return list(ran.of_kind("worker_started")[0]["grants"])


def test_with_the_setting_a_worker_reaches_the_collector_and_this_is_shown(pa: Pa) -> None:
    with collector("http/protobuf") as to:
        granted = send(pa, to, AGENTPROXY_WORKER_TELEMETRY="1")
        (sent,) = (each["x-trace"] for each in to.headers if "x-trace" in each)
    (span,) = to.named("claude.subprocess")
    assert sent == f"00-{span.trace}-{span.id}-01"
    assert granted == [f"its telemetry to {to.url.removeprefix('http://')}"]


def test_its_way_leads_to_the_address_of_traces_where_they_have_their_own(pa: Pa) -> None:
    own = SEND.replace("OTLP_ENDPOINT", "OTLP_TRACES_ENDPOINT").replace(' + "/v1/traces"', "")
    with collector("http/protobuf") as to:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{to.url}/v1/traces",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "AGENTPROXY_WORKER_TELEMETRY": "1",
        }
        ran = pa.task("--check", CHECK, worker=f"{own}{MEND}", env={**to.variables, **env})
        assert ran.code == 0, (ran.out, ran.err)
        assert any("x-trace" in each for each in to.headers)
    granted = ran.of_kind("worker_started")[0]["grants"]
    assert granted == [f"its telemetry to {to.url.removeprefix('http://')}"]


@pytest.mark.parametrize("sampler", ["always_on", "always_off"])
def test_a_worker_learns_whether_its_trace_is_sent(pa: Pa, sampler: str) -> None:
    with collector("grpc") as to:
        env = {**to.variables, "OTEL_TRACES_SAMPLER": sampler}
        ran = pa.task(
            "--check", CHECK, worker=f'printf %s "$TRACEPARENT" > trace.txt; {MEND}', env=env
        )
    assert ran.code == 0, (ran.out, ran.err)
    name = f"refs/heads/{ran.result['branch']}:trace.txt"
    flag = pa.git("show", name).rsplit("-", 1)[1]
    assert (flag, bool(to.spans)) == (("01", True) if sampler == "always_on" else ("00", False))


def test_without_it_there_is_no_way_and_no_address(pa: Pa) -> None:
    with collector("http/protobuf") as to:
        assert send(pa, to) == []
        assert not any("x-trace" in each for each in to.headers)


def test_a_collector_that_is_gone_does_not_trouble_the_worker(pa: Pa) -> None:
    quiet = SEND.replace("    urllib", "    try:\n        urllib")
    quiet = quiet.replace(".read()", ".read()\n    except OSError: pass")
    env = {
        "AGENTPROXY_ENABLE_TELEMETRY": "1",
        "AGENTPROXY_WORKER_TELEMETRY": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }
    ran = pa.task("--check", CHECK, worker=f"{quiet}{MEND}", env=env)
    assert ran.code == 0, (ran.out, ran.err)
