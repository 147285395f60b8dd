"""The stages of a supervised run, in order. A run is at the first stage where an effect is due."""

from enum import IntEnum, auto


class Stage(IntEnum):
    """From the order to the end. Every round goes through the stages from WORK on."""

    BASE = auto()
    CONTEXTS = auto()
    PLAN = auto()
    CONTRACT = auto()
    ENVIRONMENT = auto()
    BUILD_BASE = auto()
    WORK = auto()
    BUDGET = auto()
    BUILD_CLAIM = auto()
    CHECKS = auto()
    # Reruns come before WEIGHING: what the last weighing asked for ends before the next one.
    RERUNS = auto()
    OWN_TESTS = auto()
    TRIALS = auto()
    MERGE = auto()
    WEIGHING = auto()
    JUDGE = auto()
    VERDICT = auto()
    DECISION = auto()
    DELIVERY = auto()
    END = auto()
