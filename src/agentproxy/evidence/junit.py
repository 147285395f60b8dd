"""Reads JUnit XML that may be hostile: bounded in size, depth and number of elements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Literal, cast
from xml.etree.ElementTree import Element, ParseError

MEGABYTE = 1 << 20
MAX_REPORT_BYTES = 64 * MEGABYTE
MAX_REPORT_DEPTH = 100
MAX_TEST_CASES = 200_000
MAX_ELEMENTS = 1_000_000
MAX_TEST_NAME_CHARACTERS = 500
MAX_TEXT_LENGTH = 64 * 1024

_PROBLEMS = ("failure", "error", "skipped")


class ReportUnusable(Exception):
    """A report is broken, hostile or too large; the message says which."""


@dataclass(frozen=True, slots=True)
class Problem:
    tag: Literal["failure", "error", "skipped"]
    type: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class TestCase:
    """One `testcase` element; `suites` are the names of the suites around it, outermost first."""

    __test__ = False  # pytest would collect a class of this name

    suites: tuple[str, ...]
    attributes: Mapping[str, str]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.attributes.get("name", "")[:MAX_TEST_NAME_CHARACTERS]


def read_cases(xml: bytes) -> tuple[TestCase, ...]:
    """Returns every test case of a report, in its order.

    Raises:
        ReportUnusable: it is not XML, declares a document type or entities, or exceeds a bound.
    """
    if len(xml) > MAX_REPORT_BYTES:
        raise ReportUnusable(f"the report is larger than {MAX_REPORT_BYTES // MEGABYTE} MB")
    reading = _Reading()
    for event, element in _events(xml):
        if event == "start":
            reading.opens(element)
        else:
            reading.closes(element)
    return tuple(reading.found)


class _Reading:
    def __init__(self) -> None:
        self.found: list[TestCase] = []
        self.path: list[Element] = []
        # All tests of a suite share one tuple. A copy for each test costs memory without bound.
        self.suites: list[tuple[str, ...]] = [()]
        self.elements = 0

    def opens(self, element: Element) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise ReportUnusable(f"the report holds more than {MAX_ELEMENTS} elements")
        if len(self.path) >= MAX_REPORT_DEPTH:
            raise ReportUnusable(f"the report is deeper than {MAX_REPORT_DEPTH} elements")
        around = self.suites[-1]
        if element.tag == "testsuite":
            around = (*around, element.get("name", "")[:MAX_TEST_NAME_CHARACTERS])
        self.path.append(element)
        self.suites.append(around)

    def closes(self, element: Element) -> None:
        self.path.pop()
        self.suites.pop()
        if element.tag == "testcase":
            if len(self.found) >= MAX_TEST_CASES:
                raise ReportUnusable(f"the report holds more than {MAX_TEST_CASES} tests")
            self.found.append(_case(element, self.suites[-1]))
            element.clear()
        # An element that has ended is removed at once. Otherwise the parent keeps all of them, and
        # the search among siblings takes time that grows as a square. A test keeps its children
        # until its own end, since they hold its outcome.
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
        attributes={key: value[:MAX_TEXT_LENGTH] for key, value in element.attrib.items()},
        problems=tuple(
            Problem(
                tag=tag,
                type=child.get("type", ""),
                message=child.get("message", "")[:MAX_TEXT_LENGTH],
                text=(child.text or "")[-MAX_TEXT_LENGTH:],
            )
            for child in element
            for tag in _PROBLEMS
            if child.tag == tag
        ),
    )
