"""The spans of the real Claude Code are in the trace of the run."""

import itertools
import json
from dataclasses import replace

import pytest
from support.answers import Reply
from support.claude_code import claude_table
from support.front_door import Pa
from support.model_server import model_server
from support.otlp import collector
from support.projects import CHECK
from support.relay import keys_for

pytestmark = pytest.mark.agents
MODEL = "claude-sonnet-4-6"


def test_its_spans_are_below_ours(pa: Pa) -> None:
    folder = pa.home / "config" / "agentproxy"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(claude_table())
    edit = {"file_path": str(pa.project / "calc.py"), "old_string": "a - b", "new_string": "a + b"}
    read = {"file_path": edit["file_path"]}
    numbers = itertools.count()
    replies = [
        Reply(calls=(("Read", json.dumps(read)),), stop="tools"),
        Reply(calls=(("Edit", json.dumps(edit)),), stop="tools"),
        Reply(text=("It is mended.",)),
    ]
    keyed = [replace(each, key=f"{next(numbers)}-") for each in replies]
    with collector("http/protobuf") as to, model_server(*keyed) as server:
        env = {**keys_for(server), **to.variables, "AGENTPROXY_WORKER_TELEMETRY": "1"}
        words = ("-o", "json", "--worker", "claude", "--model", MODEL, "--check", CHECK)
        ran = pa(*words, "--judge", "none", "Fix it", env=env)
        assert ran.code == 0, (ran.out, ran.err)
        to.wait(lambda: bool(to.named("claude_code.interaction")))
    (ours,) = to.named("claude.subprocess")
    (theirs,) = to.named("claude_code.interaction")
    assert (theirs.trace, theirs.parent) == (ours.trace, ours.id)
    asked = to.named("claude_code.llm_request")
    assert {each.trace for each in asked} == {ours.trace}
    assert len(asked) >= 3
    assert {span.name for span in to.spans} >= {"execute_tool Read", "execute_tool Edit"}
