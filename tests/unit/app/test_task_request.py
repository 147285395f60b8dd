"""A request says what is wrong with it by field and cure, and the settings fill what it leaves."""

import os
from pathlib import Path

import pytest

from agentproxy.app.task_request import BadRequest, make_order, read_request
from agentproxy.app.utf8_check import NotText
from agentproxy.config.settings import load_settings
from agentproxy.events.run import ONE_HOUR

HERE = Path("/work/project/api")
ROOT = Path("/work/project")


@pytest.mark.parametrize(
    ("field", "value", "cure"),
    [
        ("task", " \n", "describe what to do"),
        ("task", "Fix \udcff", "write it in UTF-8"),
        ("checks", ("pytest", ""), "give a command, such as 'pytest -q'"),
        ("keep", ("\udcff",), "write it in UTF-8"),
        ("budget", -1.0, "write a number above 0"),
        ("budget", float("nan"), "write digits, such as 12 or 2.50"),
        ("max_rounds", 0, "write at least 1"),
        ("max_time", 0.0, "write more than 0 seconds"),
        ("sandbox", "none", "write 'auto' or 'plain'"),
        ("colour", "red", "leave it out"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_its_field(
    field: str, value: object, cure: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        read_request({"task": "Fix it", "directory": HERE, field: value})
    assert refused.value.field.partition("[")[0] == field
    assert refused.value.problem
    assert refused.value.cure == cure


def test_what_a_request_leaves_open_comes_from_the_settings() -> None:
    set_before = {
        "AGENTPROXY_HOME": "/h",
        "AGENTPROXY_WORKER": "mine",
        "AGENTPROXY_MAX_ROUNDS": "7",
        "AGENTPROXY_SANDBOX": "plain",
    }
    settings = load_settings(None, set_before, trusted=False)
    asked = {"task": "Fix it", "directory": HERE, "checks": ["true"], "sandbox": "auto"}
    order = make_order(read_request(asked), root=ROOT, settings=settings)
    assert (order.face, order.worker, order.max_rounds) == ("supervised", "mine", 7)
    assert (order.sandbox, order.checks, order.max_time) == ("auto", ("true",), ONE_HOUR)
    assert (order.repository, order.directory) == ("/work/project", "api")


def test_a_repository_whose_path_is_not_text_is_named() -> None:
    settings = load_settings(None, {"AGENTPROXY_HOME": "/h"}, trusted=False)
    root = Path(os.fsdecode(b"/work/odd\xff"))
    request = read_request({"task": "Fix it", "directory": root})
    with pytest.raises(NotText, match="repository's path"):
        make_order(request, root=root, settings=settings)
