"""Removes from a run's folder what it needs no more."""

from pathlib import Path

from agentproxy.files.remove_tree import remove_tree


def tidy(folder: Path) -> None:
    """Remove the clones of a run that is over: all claims are on their refs. Blocking."""
    tidy_stopped(folder)
    remove_tree(folder / "work")


def tidy_stopped(folder: Path) -> None:
    """Remove what a stopped run needs no more. Blocking.

    The worker's clone stays: what the worker had begun is on no ref.
    """
    for part in ("checkouts", "claim", "plan", "reports"):
        remove_tree(folder / part)
