"""Removes from a run's folder what the run no longer needs."""

from pathlib import Path

from agentproxy.files.remove_tree import remove_tree


def tidy(folder: Path) -> None:
    """Removes the working folders of a run that is over. Blocking."""
    tidy_stopped(folder)
    # All claims are on refs, so the worker's clone can go.
    remove_tree(folder / "work")


def tidy_stopped(folder: Path) -> None:
    """Removes what a stopped run no longer needs. Blocking."""
    # The worker's clone in "work" stays: no ref has the work that was not claimed.
    for part in ("checkouts", "claim", "plan", "reports"):
        remove_tree(folder / part)
