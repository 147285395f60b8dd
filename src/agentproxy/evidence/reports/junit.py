"""Reads XML of test runners that may be hostile: bounded in size, depth and number of elements."""

import re
from collections.abc import Collection, Iterator, Mapping
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

# XML allows none of these, and runners write them as they stand in a title or a message.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")
_NOT_ALLOWED = re.compile(
    rb"\xef\xbf[\xbe\xbf]|\xed[\xa0-\xbf][\x80-\xbf]"
    rb"|&#(?:[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));"
)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PROBLEMS = ("failure", "error", "skipped")


class ReportUnusable(Exception):
    """A report is broken, hostile or too large; the message says which."""


@dataclass(frozen=True, slots=True)
class JunitProblem:
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
    problems: tuple[JunitProblem, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.attributes.get("name", "")[:MAX_TEST_NAME_CHARACTERS]


def read_cases(xml: bytes) -> tuple[TestCase, ...]:
    """Returns every test case of a report, in its order.

    Raises:
        ReportUnusable: it is not XML, declares a document type or entities, or exceeds a bound.
    """
    reading = _JunitReading()
    for event, element in _bounded_events(xml):
        if event == "start":
            reading.opens(element)
        else:
            reading.closes(element)
    return tuple(reading.found)


def read_elements(xml: bytes, tags: Collection[str]) -> Iterator[Element]:
    """Yields each outermost element with one of the tags, whole; names of namespaces do not count.

    Raises:
        ReportUnusable: as above.
    """
    path: list[Element] = []
    inside: Element | None = None
    for event, element in _bounded_events(xml):
        if event == "start":
            path.append(element)
            if inside is None and tag_of(element) in tags:
                inside = element
            continue
        path.pop()
        if element is inside:
            yield element
            inside = None
        if inside is None and path:
            path[-1].remove(element)


def tag_of(element: Element) -> str:
    return element.tag.rpartition("}")[2]


class _JunitReading:
    def __init__(self) -> None:
        self.found: list[TestCase] = []
        self.path: list[Element] = []
        # All tests of a suite share one tuple. A copy for each test costs memory without bound.
        self.suites: list[tuple[str, ...]] = [()]

    def opens(self, element: Element) -> None:
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


def _bounded_events(xml: bytes) -> Iterator[tuple[str, Element]]:
    if len(xml) > MAX_REPORT_BYTES:
        raise ReportUnusable(f"the report is larger than {MAX_REPORT_BYTES // MEGABYTE} MB")
    elements = depth = 0
    for event, element in _events(_allowed(xml)):
        if event == "start":
            elements, depth = elements + 1, depth + 1
            if elements > MAX_ELEMENTS:
                raise ReportUnusable(f"the report holds more than {MAX_ELEMENTS} elements")
            if depth > MAX_REPORT_DEPTH:
                raise ReportUnusable(f"the report is deeper than {MAX_REPORT_DEPTH} elements")
        else:
            depth -= 1
        yield event, element


def _allowed(xml: bytes) -> bytes:
    # In UTF-16 these bytes are parts of other characters.
    if xml.startswith(_UTF_16):
        return xml
    return _NOT_ALLOWED.sub(b"", xml.translate(None, _CONTROLS))


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
            JunitProblem(
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
