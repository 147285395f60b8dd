"""Reads the configured workers and the configured choice."""

from pathlib import Path

from agentproxy.app.context import Project
from agentproxy.app.rules import read_project
from agentproxy.config.tables import WorkerTable
from agentproxy.events.run import Order


def _project_root(order: Order) -> Path:
    return Path(order.repository)


def worker_tables(order: Order, project: Project) -> dict[str, WorkerTable]:
    """The user's own workers override a trusted repository's."""
    root = _project_root(order)
    configured = read_project(root, app=project.app, repository=root)
    return {**configured.workers, **project.app.user.workers}


def chosen_worker(order: Order, project: Project) -> str:
    root = _project_root(order)
    return read_project(root, app=project.app, repository=root).worker or ""
