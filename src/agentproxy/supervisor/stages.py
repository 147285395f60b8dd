"""The stages of a supervised run, in their order. A run is at the first where anything is due."""

from enum import IntEnum, auto


class Stage(IntEnum):
    """From the order to the end. The stages from WORK on are gone through once a round."""

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
    # What the last weighing asked for is finished before all is weighed again.
    RERUNS = auto()
    OWN_TESTS = auto()
    WEIGHING = auto()
    JUDGE = auto()
    VERDICT = auto()
    DECISION = auto()
    DELIVERY = auto()
    END = auto()
