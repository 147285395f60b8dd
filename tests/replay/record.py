"""Records runs through the front door: `make record NAMES="answered_by_a_person two_parts"`.

A story orders a run and does to it what a person or a machine would; what `pa show` then says of it
becomes NAME.jsonl, with the folders of whoever records replaced by those of Ada. A recording that
stands is a run of its time, and is recorded anew only where it should tell something else: a fact
whose stored form changes gets an upcast, and the recordings stay as they are.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from support.at_work import SLOW_ONCE, at_work, scripted
from support.environments import MEND_PARCEL, PACKAGE, SYSTEM_PATH
from support.front_door import Pa, new_pa
from support.model_server import Reply, model_server
from support.packages import new_wheel, repack
from support.projects import CALC, CHECK, MEND
from support.venvs import bare_venv

HERE = Path(__file__).parent
ANSWER = {"answer.txt": "wrong\n"}
WRITE: dict[str, object] = {"do": "write", "path": "answer.txt", "text": "right\n"}
ASK: dict[str, object] = {"do": "ask", "text": "Which date format?", "into": "ANSWER"}


def answered_by_a_person(pa: Pa) -> None:
    """A question waits for a human; it is answered from another terminal, and the run goes on."""
    waits = pa(*scripted(pa, ASK, WRITE))
    assert waits.code == 4, waits.result
    assert pa("answer", str(waits.result["run"]), "DD.MM.YYYY").code == 0
    assert pa("resume").code == 0


def answered_from_the_documents(pa: Pa) -> None:
    """A question is answered by the passage of a document."""
    standards = ".agentproxy/guidance/standards.md"
    passage = "Dates are written as YYYY-MM-DD"
    pa.write({standards: f"# Standards\n\n{passage}, everywhere.\n"})
    pa.commit("Our standards")
    found = {"answer": "YYYY-MM-DD", "document": standards, "quote": passage, "confidence": 0.9}
    judge = script(pa, reply("You plan", parts=[{"task": "Be right"}]), reply("asks", **found))
    assert pa(*scripted(pa, ASK, WRITE), "--judge", judge).code == 0


def two_parts(pa: Pa) -> None:
    """A task is broken down, and each part is proven by itself."""
    noted = {"task": "Note it in CHANGES", "checks": ["test -s CHANGES"]}
    parts = [{"task": "Make add add", "checks": [CHECK]}, noted]
    both = f"if grep -q 'a + b' calc.py; then echo 'add adds' > CHANGES; else {MEND}; fi"
    judge = script(pa, reply("You plan", parts=parts))
    assert pa.task("--judge", judge, worker=both).code == 0


def stopped(pa: Pa) -> None:
    """`pa stop` ends a run while its worker is at work."""
    life, run = at_work(pa, SLOW_ONCE)
    assert pa("stop", run, "--reason", "solved by hand").code == 0
    assert life.end().code == 3


def killed_and_resumed(pa: Pa) -> None:
    """kill -9 while the worker is at work; another process goes on."""
    life, run = at_work(pa, SLOW_ONCE)
    life.kill()
    assert pa("resume", run).code == 0


def out_of_money_and_resumed(pa: Pa) -> None:
    """The budget pays for one answer of two; it is raised, and the run goes on."""
    edit = {"path": "answer.txt", "old_text": "wrong", "new_text": "right"}
    first = Reply(calls=(("edit_file", json.dumps(edit)),), stop="tools", usage=(1000, 100))
    with model_server(first, Reply(text=("Done.",), usage=(2000, 50))) as server:
        pa.env |= {"ANTHROPIC_API_KEY": "sk-ant-not-real", "ANTHROPIC_BASE_URL": server.url}
        model = ("--worker", "builtin", "--model", "claude-sonnet-4-6", "--judge", "none")
        check = ("--check", "grep -q right answer.txt", "--budget", "0.022")
        assert pa(*model, *check, "Be right").code == 5
        assert pa("resume", "--budget", "1").code == 0


def built_environment(pa: Pa) -> None:
    """A claim asks for a package: an environment that has it is built from a folder of wheels."""
    wheels = pa.scripts / "wheels"
    new_wheel(wheels, "scales", "1.0", {"scales.py": "UNIT = 'g'\n"})
    for name in ("pytest", "pluggy", "iniconfig", "packaging", "pygments"):
        repack(name, wheels)
    pa.env |= {"PIP_FIND_LINKS": str(wheels), "VIRTUAL_ENV": ""}
    pa.env["PATH"] = f"{sys.base_prefix}/bin:{SYSTEM_PATH}"
    asks = f"{MEND_PARCEL}\necho 'scales==1.0' >> requirements.txt"
    uses = "sed -i '1i import scales' src/parcel/__init__.py"
    assert pa.task("--check", "python -m pytest -q tests", worker=f"{asks}\n{uses}").code == 0


Story = tuple[Mapping[str, str], Callable[[Pa], None]]
PARCEL = {
    **{name: text for name, text in PACKAGE.items() if name != "pyproject.toml"},
    "conftest.py": "import sys\nsys.path.insert(0, 'src')\n",
    "requirements.txt": "pytest\n",
}
STORIES: Mapping[str, Story] = {
    "answered_by_a_person": (ANSWER, answered_by_a_person),
    "answered_from_the_documents": (ANSWER, answered_from_the_documents),
    "two_parts": (CALC, two_parts),
    "stopped": (ANSWER, stopped),
    "killed_and_resumed": (ANSWER, killed_and_resumed),
    "out_of_money_and_resumed": (ANSWER, out_of_money_and_resumed),
    "built_environment": (PARCEL, built_environment),
}


def reply(on: str, **arguments: object) -> dict[str, object]:
    """What the supervisor's model says where it is asked in these words."""
    return {"on": on, "calls": [{"name": "reply", "arguments": arguments}]}


def script(pa: Pa, *turns: dict[str, object]) -> str:
    """A model that says this."""
    path = pa.scripts / "judge.json"
    path.write_text(json.dumps(turns))
    return f"scripted:{path}"


def record(name: str, folder: Path) -> None:
    """Let the story happen, and keep what is told of it."""
    files, story = STORIES[name]
    pa = new_pa(folder, files)
    user = folder / "user"
    user.mkdir()
    pa.env |= {"HOME": str(user), "PATH": f"{bare_venv()}/bin:{SYSTEM_PATH}", "PYENV_ROOT": ""}
    story(pa)
    told = pa("show", "--output", "json").out
    for place, stand_in in (
        (folder, "/home/ada"),
        (bare_venv(), "/home/ada/venv"),
        (sys.prefix, "/home/ada/tools"),
        (sys.base_prefix, "/usr/local"),
    ):
        told = told.replace(f"{place}/", f"{stand_in}/").replace(f'{place}"', f'{stand_in}"')
    (HERE / f"{name}.jsonl").write_text(told)


def main() -> None:
    os.environ.pop("PYTHONPATH", None)  # it leads to the parts of this script
    for name in sys.argv[1:] or STORIES:
        folder = Path(tempfile.mkdtemp(prefix="agentproxy-record-"))
        try:
            record(name, folder)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
