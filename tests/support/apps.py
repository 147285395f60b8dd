"""A process in a test: an `App` over any journal, without the environment of who runs the tests."""

from pathlib import Path

from agentproxy.app.context import App
from agentproxy.app.hub import Hub
from agentproxy.config.settings import load_settings
from agentproxy.config.user import User
from agentproxy.journal.port import Journal
from agentproxy.journal.redact import Redactor


def app_of(journal: Journal, home: Path) -> App:
    """A process that keeps its runs in `home` and uses the system's temporary folder."""
    return App(
        environ={},
        settings=load_settings(None, {"AGENTPROXY_HOME": str(home)}, trusted=False),
        user=User(),
        journal=journal,
        redact=Redactor(),
        scratch=None,
        hub=Hub(),
    )
