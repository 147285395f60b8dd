"""The example stack: its parts fit together, and its dashboard asks for what is really sent."""

import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.answers import Reply
from support.chats import KEY
from support.front_door import new_pa
from support.model_server import model_server
from support.otlp import Collector, SentPoint, collector
from support.projects import CALC, CHECK

STACK = Path(__file__).resolve().parents[2] / "examples" / "otel-stack"
ASKS = [{"do": "ask", "text": "Plus or minus?", "into": "notes.md"}]
WRONG = [{"do": "write", "path": "calc.py", "text": "def add(a, b):\n    return 0\n"}]
RIGHT = [
    {
        "do": "write",
        "path": "calc.py",
        "text": "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n",
    }
]
PLAN = {"parts": [{"task": "Make add add", "checks": [CHECK]}]}


def load(name: str) -> Any:
    return yaml.safe_load((STACK / name).read_text())


def queries() -> list[str]:
    dashboard = json.loads((STACK / "grafana/dashboards/agentproxy.json").read_text())
    return [
        target["expr"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if "expr" in target
    ]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Generator[Collector]:
    """What a run sent that asked, was refuted, and was then proven, with a model that is paid."""
    pa = new_pa(tmp_path_factory.mktemp("stack"), CALC)
    script = pa.scripts / "asks.json"
    script.write_text(json.dumps([[*ASKS, *WRONG], RIGHT]))
    reply = Reply(calls=(("reply", json.dumps(PLAN)),), stop="tools")
    with collector("grpc") as to, model_server(think=lambda _: reply) as model:
        env = {**to.variables, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url}
        worker = ("--worker", f"scripted:{script}", "--judge", "claude-sonnet-4-6")
        ran = pa("-o", "json", *worker, "--check", CHECK, "Make it right", env=env)
        assert ran.code == 4, (ran.out, ran.err)
        assert pa("answer", ran.result["run"], "plus").code == 0
        ran = pa("resume", "-o", "json", env=env)
        assert ran.code == 0, (ran.out, ran.err)
        yield to


def prometheus_name(point: SentPoint) -> str:
    """The name that the collector's exporter gives, without what follows for a histogram."""
    name = point.name.replace(".", "_") + ("_seconds" if point.unit == "s" else "")
    return f"{name}_total" if point.kind == "sum" else name


def test_the_dashboard_asks_for_metrics_and_labels_that_runs_send(sent: Collector) -> None:
    known: dict[str, set[str]] = {}
    for point in sent.points.values():
        names = {name.replace(".", "_") for name in point.labels}
        known.setdefault(prometheus_name(point), set()).update(names)
    asked = queries()
    assert len(asked) >= 10
    for query in asked:
        metrics = set(re.findall(r"\bagentproxy_\w+", query))
        assert metrics, query
        plain = {name.removesuffix("_bucket") for name in metrics}
        assert plain <= known.keys(), query
        labels = set(re.findall(r'(\w+)=~?"', query))
        for group in re.findall(r"by \(([^)]*)\)", query):
            labels |= {each.strip() for each in group.split(",")}
        for name in plain:
            assert labels - {"le"} <= known[name], (query, known[name])


def test_what_the_dashboard_shows_has_come(sent: Collector) -> None:
    rounds = {(p.labels["round"], p.labels["verdict"]) for p in sent.metric("agentproxy.rounds")}
    assert rounds == {(1, "refuted"), (2, "verified")}
    paid = sent.metric("agentproxy.model.cost")
    assert {point.labels["model"] for point in paid} == {"claude-sonnet-4-6"}
    assert all(point.value > 0 for point in paid)
    decisions = {p.labels["decision_type"] for p in sent.metric("agentproxy.pa.decisions")}
    assert decisions == {"again", "deliver"}
    (call, *_) = sent.named("gemini.api.call")
    assert call.attributes["gen_ai.provider.name"] == "anthropic"
    assert call.attributes["gen_ai.usage.input_tokens"] == 100
    assert call.attributes["agentproxy.cost.usd"] > 0


def test_the_parts_of_the_stack_are_those_of_the_documents_and_fit_together() -> None:
    services = load("compose.yaml")["services"]
    assert services.keys() == {"collector", "tempo", "prometheus", "grafana"}
    assert all(re.search(r":v?\d+\.\d+\.\d+$", each["image"]) for each in services.values())
    ports = [port for each in services.values() for port in each.get("ports", ())]
    assert sorted(ports) == [
        "127.0.0.1:3000:3000", "127.0.0.1:4317:4317", "127.0.0.1:4318:4318",
    ]  # fmt: skip
    volumes = load("compose.yaml")["volumes"]
    for each in services.values():
        for mount in each["volumes"]:
            source = mount.split(":")[0]
            assert (STACK / source).exists() if source.startswith("./") else source in volumes


def test_the_collector_hands_on_what_it_takes() -> None:
    made = load("collector.yaml")
    pipelines = made["service"]["pipelines"]
    assert pipelines.keys() == {"traces", "metrics", "logs"}
    for pipeline in pipelines.values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= made[kind].keys()
    shown = made["exporters"]["prometheus"]["endpoint"].rpartition(":")[2]
    (scraped,) = load("prometheus.yaml")["scrape_configs"]
    assert scraped["static_configs"] == [{"targets": [f"collector:{shown}"]}]
    assert scraped["honor_labels"] is True
    taken = load("tempo.yaml")["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]
    assert made["exporters"]["otlp/tempo"]["endpoint"] == f"tempo:{taken['endpoint'][-4:]}"


def test_grafana_finds_its_sources_and_its_dashboard() -> None:
    sources = load("grafana/provisioning/datasources/datasources.yaml")["datasources"]
    tempo_port = load("tempo.yaml")["server"]["http_listen_port"]
    assert {each["url"] for each in sources} == {
        "http://prometheus:9090", f"http://tempo:{tempo_port}",
    }  # fmt: skip
    dashboard = json.loads((STACK / "grafana/dashboards/agentproxy.json").read_text())
    uids = {each["uid"] for each in sources}
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == uids
    titles = {panel["title"] for panel in dashboard["panels"]}
    assert titles >= {
        "Runs by verdict", "Proof time", "Cost by model", "Refutations a round",
        "Questions waiting", "Sessions active",
    }  # fmt: skip
    (provider,) = load("grafana/provisioning/dashboards/dashboards.yaml")["providers"]
    mounts = load("compose.yaml")["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in mounts
