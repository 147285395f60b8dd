"""What the configuration says of workers: which there are, and which is chosen."""

from pathlib import Path

from agentproxy.app.context import Project
from agentproxy.app.rules import read_project
from agentproxy.config.tables import WorkerTable
from agentproxy.events.run import Order


def _project_root(order: Order) -> Path:
    return Path(order.repository)


def worker_tables(order: Order, project: Project) -> dict[str, WorkerTable]:
    """The workers by name: the user's own win over a trusted repository's."""
    root = _project_root(order)
    configured = read_project(root, app=project.app, repository=root)
    return {**configured.workers, **project.app.user.workers}


def chosen_worker(order: Order, project: Project) -> str:
    """The worker that the configuration chooses, or ""."""
    root = _project_root(order)
    return read_project(root, app=project.app, repository=root).worker or ""
