"""The log of a server has no secrets."""

import logging

import pytest

from agentproxy.app.logs import redacted_log
from agentproxy.journal.redact import Redactor

KEY = "sk-ant-api03-" + "aB3_" * 20
COMMIT = "9c58c8289e685ea909a4e7c27bd1cd8b9ec1f5aa"


def test_a_log_is_redacted_in_its_text_its_arguments_and_its_tracebacks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logging.getLogger("agentproxy.test")
    with redacted_log(Redactor(["a-known-secret"])):
        log.warning("asked with %s, a-known-secret and password: hunter2 at %s", KEY, COMMIT)
        try:
            {}[f"the key {KEY} is refused, AKIAIOSFODNN7EXAMPLE too"]
        except KeyError:
            log.exception("it failed")
    written = capsys.readouterr().err
    assert "asked with [REDACTED], [REDACTED] and password: [REDACTED]" in written
    assert "KeyError: 'the key [REDACTED] is refused, [REDACTED] too'" in written
    assert COMMIT in written
    for secret in (KEY, "a-known-secret", "hunter2"):
        assert secret not in written
