"""JUnit XML as its bytes really are: hostile, so it is bounded in size, depth and number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Literal, cast
from xml.etree.ElementTree import Element, ParseError

MEGABYTE = 1 << 20
LARGEST = 64 * MEGABYTE
DEEPEST = 100
MOST_CASES = 200_000
LONGEST_NAME = 500
LONGEST_TEXT = 64 * 1024

_PROBLEMS = ("failure", "error", "skipped")


class ReportUnusable(Exception):
    """A report is broken, hostile or larger than anybody writes; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a test did not simply pass."""

    tag: Literal["failure", "error", "skipped"]
    type: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class TestCase:
    """One `testcase` element, with the names of the suites around it, outermost first."""

    __test__ = False

    suites: tuple[str, ...]
    attributes: Mapping[str, str]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def name(self) -> str:
        """The test's own name, bounded."""
        return self.attributes.get("name", "")[:LONGEST_NAME]


def read_cases(xml: bytes) -> tuple[TestCase, ...]:
    """Every test case of a report, in its order.

    Raises:
        ReportUnusable: it is not XML, declares a document type or entities, is larger than
            64 MB, deeper than 100 elements, or holds more than 200,000 cases.
    """
    if len(xml) > LARGEST:
        raise ReportUnusable(f"the report is larger than {LARGEST // MEGABYTE} MB")
    found: list[TestCase] = []
    path: list[Element] = []
    for event, element in _events(xml):
        if event == "start":
            path.append(element)
            if len(path) > DEEPEST:
                raise ReportUnusable(f"the report is deeper than {DEEPEST} elements")
            continue
        path.pop()
        if element.tag == "testcase":
            found.append(_case(element, path))
            if len(found) > MOST_CASES:
                raise ReportUnusable(f"the report holds more than {MOST_CASES} tests")
        if element.tag in ("testcase", "testsuite") and path:
            path[-1].remove(element)
    return tuple(found)


def _events(xml: bytes) -> Iterator[tuple[str, Element]]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        yield from cast(
            "Iterator[tuple[str, Element]]",
            iterparse(BytesIO(xml), events=("start", "end"), forbid_dtd=True),
        )
    except DefusedXmlException as error:
        raise ReportUnusable("the report declares a document type or entities") from error
    except (ParseError, ValueError, LookupError) as error:
        raise ReportUnusable(f"the report is not XML: {error}") from error


def _case(element: Element, around: list[Element]) -> TestCase:
    suites = [each.get("name", "")[:LONGEST_NAME] for each in around if each.tag == "testsuite"]
    return TestCase(
        suites=tuple(suites),
        attributes={key: value[:LONGEST_TEXT] for key, value in element.attrib.items()},
        problems=tuple(
            Problem(
                tag=tag,
                type=child.get("type", ""),
                message=child.get("message", "")[:LONGEST_TEXT],
                text=(child.text or "")[-LONGEST_TEXT:],
            )
            for child in element
            for tag in _PROBLEMS
            if child.tag == tag
        ),
    )
