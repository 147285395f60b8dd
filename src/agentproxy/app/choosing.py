"""What the configuration says of workers: which there are, and which is chosen."""

from pathlib import Path

from agentproxy.app.context import App
from agentproxy.app.rules import read_project
from agentproxy.config.tables import WorkerTable
from agentproxy.events.run import Order


def _project_root(order: Order) -> Path:
    return Path(order.repository)


def worker_tables(order: Order, app: App) -> dict[str, WorkerTable]:
    """The workers by name: the user's own win over a trusted repository's."""
    root = _project_root(order)
    project = read_project(root, app=app, repository=root)
    return {**project.workers, **app.user.workers}


def chosen_worker(order: Order, app: App) -> str:
    """The worker that the configuration chooses, or ""."""
    root = _project_root(order)
    return read_project(root, app=app, repository=root).worker or ""
