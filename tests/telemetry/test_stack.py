"""The example stack: its parts fit together, and its dashboard asks for what is really sent."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

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


# What each program says of its configuration. None of them is in a package of Python or of npm;
# Prometheus is in Debian.
CHECKS = {
    "promtool": ("check", "config", "prometheus.yaml"),
    "otelcol-contrib": ("validate", "--config=collector.yaml"),
    "tempo": ("-config.file=tempo.yaml", "-config.verify"),
}


def found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed, so nothing was checked by it")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("program", CHECKS)
def test_a_program_takes_its_configuration(program: str) -> None:
    command = [found(program), *CHECKS[program]]
    done = subprocess.run(command, cwd=STACK, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def exposed(sent: Collector) -> str:
    """What the collector would show to Prometheus. A histogram has one bucket of all."""
    lines: list[str] = []
    for point in sent.points.values():
        pairs = {name.replace(".", "_"): text for name, text in point.labels.items()}
        pairs["instance"] = point.resource["service.instance.id"]
        labels = ",".join(f'{name}="{text}"' for name, text in pairs.items())
        name = prometheus_name(point)
        if point.kind == "histogram":
            lines += [f'{name}_bucket{{{labels},le="{le}"}} {point.count}' for le in ("60", "+Inf")]
        else:
            lines.append(f"{name}{{{labels}}} {point.value}")
    return "".join(f"{line}\n" for line in lines)


@contextmanager
def answering(text: str) -> Generator[str]:
    """A port of this machine with metrics."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def prometheus(folder: Path, target: str) -> Generator[str]:
    """A real one with our configuration, which asks `target` in the place of the collector."""
    made = (STACK / "prometheus.yaml").read_text().replace("collector:8889", target)
    (folder / "prometheus.yaml").write_text(made.replace("10s", "1s"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        found("prometheus"),
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def ask(url: str, query: str) -> list[Any]:
    asked = f"{url}/api/v1/query?{urlencode({'query': query})}"
    try:
        with urlopen(asked, timeout=10) as answer:
            return json.load(answer)["data"]["result"]
    except HTTPError as error:
        raise AssertionError(f"{query}: {error.read().decode()}") from None


@pytest.mark.slow
def test_a_real_prometheus_answers_every_query_of_the_dashboard(
    sent: Collector, tmp_path: Path
) -> None:
    with answering(exposed(sent)) as target, prometheus(tmp_path, target) as url:
        end = time.monotonic() + 60
        while True:
            try:
                if ask(url, "agentproxy_rounds_total"):
                    break
            except OSError:
                pass  # it begins
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.2)
        answers = {query: ask(url, query.replace("$__range", "1h")) for query in queries()}
    assert all(answers.values()), [query for query, answer in answers.items() if not answer]
    (refuted,) = (answer for query, answer in answers.items() if "by (round)" in query)
    assert {row["metric"]["round"]: row["value"][1] for row in refuted} == {"1": "1"}
    (verdicts,) = (answer for query, answer in answers.items() if "by (status)" in query)
    assert {row["metric"]["status"] for row in verdicts} == {"verified"}
