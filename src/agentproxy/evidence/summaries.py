"""How often a test runner closed its run: each prints one summary for a run."""

import re

_COUNT = re.compile(r"\d+ [a-z]+(?: [a-z]+)?")
_TIME = re.compile(r"\d+\.\d+s(?: \(\d+:\d\d:\d\d\))?")
_NODE = re.compile(r"^(?:#|\u2139) tests (\d+)$", re.MULTILINE)


def count_summaries(output: str) -> dict[str, int]:
    """How many runs of each runner the output closes, by the runner's name."""
    return {
        "pytest": sum(_closes_pytest(line) for line in output.splitlines()),
        "node": len(_NODE.findall(output)),
    }


def found_nothing(output: str) -> bool:
    """Whether every run of node's runner in the output, and there is one, had no tests."""
    counts = _NODE.findall(output)
    return bool(counts) and all(count == "0" for count in counts)


def _closes_pytest(line: str) -> bool:
    counts, separator, time = line.strip("= \r").rpartition(" in ")
    if not separator or not _TIME.fullmatch(time):
        return False
    if counts == "no tests ran":
        return True
    return all(_COUNT.fullmatch(count) for count in counts.split(", "))
