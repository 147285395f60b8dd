"""Reads the summary that each run of a test runner prints at its end. Pure."""

import re

_COUNT = re.compile(r"\d+ [a-z]+(?: [a-z]+)?")
_TIME = re.compile(r"\d+\.\d+s(?: \(\d+:\d\d:\d\d\))?")
_NODE = re.compile(r"^(?:#|\u2139) tests (\d+)$", re.MULTILINE)


def count_summaries(output: str) -> dict[str, int]:
    return {
        "pytest": sum(is_pytest_summary(line) for line in output.splitlines()),
        "node": len(_NODE.findall(output)),
    }


def found_nothing(output: str) -> bool:
    """Whether node's runner ran, and found no test in any run."""
    counts = _NODE.findall(output)
    return bool(counts) and all(count == "0" for count in counts)


def is_pytest_summary(line: str) -> bool:
    counts, separator, time = line.strip("= \r").rpartition(" in ")
    if not separator or not _TIME.fullmatch(time):
        return False
    if counts == "no tests ran":
        return True
    return all(_COUNT.fullmatch(count) for count in counts.split(", "))
