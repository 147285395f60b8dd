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
MOST_ELEMENTS = 1_000_000
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
            64 MB, deeper than 100 elements, or holds more than 200,000 cases or 1,000,000
            elements.
    """
    if len(xml) > LARGEST:
        raise ReportUnusable(f"the report is larger than {LARGEST // MEGABYTE} MB")
    reading = _Reading()
    for event, element in _events(xml):
        if event == "start":
            reading.opens(element)
        else:
            reading.closes(element)
    return tuple(reading.found)


class _Reading:
    """A report while it is read: what has ended is let go, so that it costs nothing further on."""

    def __init__(self) -> None:
        self.found: list[TestCase] = []
        self.path: list[Element] = []
        # One tuple for all tests of a suite, however deep it stands.
        self.suites: list[tuple[str, ...]] = [()]
        self.elements = 0

    def opens(self, element: Element) -> None:
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            raise ReportUnusable(f"the report holds more than {MOST_ELEMENTS} elements")
        if len(self.path) >= DEEPEST:
            raise ReportUnusable(f"the report is deeper than {DEEPEST} elements")
        around = self.suites[-1]
        if element.tag == "testsuite":
            around = (*around, element.get("name", "")[:LONGEST_NAME])
        self.path.append(element)
        self.suites.append(around)

    def closes(self, element: Element) -> None:
        self.path.pop()
        self.suites.pop()
        if element.tag == "testcase":
            if len(self.found) >= MOST_CASES:
                raise ReportUnusable(f"the report holds more than {MOST_CASES} tests")
            self.found.append(_case(element, self.suites[-1]))
            element.clear()
        # Within a test nothing is let go before its end: what it holds is what became of it.
        if self.path and self.path[-1].tag != "testcase":
            self.path[-1].remove(element)


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


def _case(element: Element, suites: tuple[str, ...]) -> TestCase:
    return TestCase(
        suites=suites,
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
