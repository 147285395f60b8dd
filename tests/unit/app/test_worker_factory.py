"""Which worker a name means."""

import os
from pathlib import Path

import pytest

from agentproxy.app.context import App, Project
from agentproxy.app.hub import Hub
from agentproxy.app.worker_factory import create_worker
from agentproxy.config.settings import Settings
from agentproxy.config.user import load_user
from agentproxy.events.run import Order
from agentproxy.journal.memory import MemoryJournal
from agentproxy.journal.redact import Redactor
from agentproxy.workers.builtin import BuiltinWorker
from agentproxy.workers.command import CommandWorker
from agentproxy.workers.port import Worker, WorkerError
from agentproxy.workers.scripted import ScriptedWorker
from agentproxy.workspace.sandbox.plain import Plain

CONFIGURED = """
[worker.mine]
command = "sh -c true"
hosts = ["example.com:443"]

[worker.command]
command = "sh -c false"

[worker.empty]
hosts = ["example.com:443"]
"""


def create(folder: Path, name: str, *, configured: str = CONFIGURED, model: str = "") -> Worker:
    (folder / "script.json").write_text("[]")
    (folder / "model.json").write_text('[{"text": "Done."}]')
    settings = Settings(home=folder / "home")
    app = App(
        environ={"PATH": os.environ["PATH"]},
        settings=settings,
        user=load_user(configured, source="config.toml"),
        journal=MemoryJournal(),
        redact=Redactor(),
        scratch=None,
        hub=Hub(),
    )
    project = Project(app=app, directory=folder, settings=settings)
    order = Order(task="Do it", repository=str(folder), worker=name, model=model)
    return create_worker(order, project=project, sandbox=Plain())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("command:sh -c true", CommandWorker),
        ("scripted:script.json", ScriptedWorker),
        ("builtin", BuiltinWorker),
        ("mine", CommandWorker),
        ("command", CommandWorker),
    ],
)
def test_the_kind_of_a_name_says_which_worker_it_is(
    tmp_path: Path, name: str, kind: type[Worker]
) -> None:
    worker = create(tmp_path, name, model="scripted:model.json" if name == "builtin" else "")
    assert isinstance(worker, kind)
    assert worker.name == name


def test_a_configured_worker_has_what_its_table_grants(tmp_path: Path) -> None:
    assert list(create(tmp_path, "mine").grants()) == ["network example.com:443"]
    assert list(create(tmp_path, "command:sh -c true").grants()) == []


@pytest.mark.parametrize("name", ["command:", "command: ", "scripted:"])
def test_a_kind_of_worker_with_nothing_after_it_is_refused_with_its_name(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(WorkerError, match=f"nothing stands after --worker '{name.strip()}'"):
        create(tmp_path, name)


@pytest.mark.parametrize("name", ["nobody", "builtin:", "builtin:x", "empty", ":"])
def test_a_name_that_means_no_worker_is_refused_with_those_that_are_configured(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(
        WorkerError, match=r"no worker .* \(configured: command, empty, mine\)"
    ) as e:
        create(tmp_path, name)
    assert "--worker 'command:PROGRAM ARGUMENTS'" in e.value.cure


def test_no_name_at_all_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="no worker is chosen") as refused:
        create(tmp_path, "", configured="")
    assert "[worker.NAME]" in refused.value.cure
