"""Removes from a run's folder what it needs no more."""

import shutil
from pathlib import Path


def tidy(folder: Path) -> None:
    """Remove the clones of a run that is over: all claims are on their refs. Blocking."""
    tidy_stopped(folder)
    shutil.rmtree(folder / "work", ignore_errors=True)


def tidy_stopped(folder: Path) -> None:
    """Remove what a stopped run needs no more. Blocking.

    The worker's clone stays: what the worker had begun is on no ref.
    """
    for part in ("checkouts", "claim", "plan", "reports"):
        shutil.rmtree(folder / part, ignore_errors=True)
