"""Records the results of unittest's runners, and writes them as JUnit XML. Python 3.6 and later.

What the runner prints and returns stays as it is. A run that does not come to its end writes no
report.
"""

import os
import re
import sys
import traceback

MAX_PLANNED = 200_000
MAX_MESSAGE = 4_000
MAX_TEXT = 40_000

_HOLDER = re.compile(r"(setUp|tearDown)(Class|Module) \((.*)\)\Z", re.DOTALL)
_running = []


def watch(runner, mark):
    """Makes all runs of a runner's class write reports. `mark` is called before a run starts."""
    run = runner.run

    def recorded(self, test, *rest, **named):
        # A test may run a runner of its own.
        if _running:
            return run(self, test, *rest, **named)
        recorder = _Recorder(test)
        # xmlrunner has a name of its own for it.
        name = "_make_result" if hasattr(self, "_make_result") else "_makeResult"
        make = getattr(self, name)
        setattr(self, name, lambda: recorder.follow(make()))
        _running.append(recorder)
        mark()
        try:
            ended = run(self, test, *rest, **named)
        finally:
            _running.remove(recorder)
            delattr(self, name)
        recorder.write()
        return ended

    runner.run = recorded


class _UnittestTest:
    """Where a test is, and what was said of it."""

    def __init__(self, test):
        self.kind = type(test)
        self.module = self.kind.__module__
        self.owner = f"{self.module}.{self.kind.__qualname__}"
        self.file, self.group, self.name = _place(test)
        self.problems = []  # (tag, type, message, text)

    @property
    def key(self):
        return (self.file, self.group, self.name)


class _Recorder:
    def __init__(self, suite):
        self.pid = os.getpid()
        self.broken = False
        self.results = []
        self.tests = {}
        self.started_tests = 0
        self.planned = {}
        try:
            for test in _tests_of(suite):
                known = _UnittestTest(test)
                self.planned[known.key] = known
        except Exception:
            self.broken = True

    def follow(self, result):
        self.results.append(result)
        for name, said in (
            ("startTest", self.starts),
            ("addSuccess", self.find),
            ("addError", self.failed("error")),
            ("addFailure", self.failed("failure")),
            ("addSubTest", self.subtest),
            ("addSkip", self.skipped),
            ("addExpectedFailure", self.xfailed),
            ("addUnexpectedSuccess", self.unexpected),
        ):
            if hasattr(result, name):
                setattr(result, name, self.before(getattr(result, name), said))
        return result

    def before(self, call, said):
        def both(*arguments, **named):
            try:
                said(*arguments, **named)
            except Exception:
                self.broken = True
            return call(*arguments, **named)

        return both

    def find(self, test):
        known = _UnittestTest(getattr(test, "test_case", test))
        return self.tests.setdefault(known.key, known)

    def starts(self, test):
        self.started_tests += 1
        self.find(test)

    def failed(self, tag):
        def said(test, err=None, *_):
            for found in self.about(test):
                found.problems.append((tag, *_describe(err)))

        return said

    def subtest(self, test, subtest, err=None, *_):
        if err is not None:
            failure = issubclass(err[0], test.failureException)
            self.failed("failure" if failure else "error")(test, err)

    def skipped(self, test, reason="", *_):
        for found in self.about(test):
            found.problems.append(("skipped", "", str(reason), ""))

    def xfailed(self, test, err=None, *_):
        self.find(test).problems.append(("skipped", "pytest.xfail", "", ""))

    def unexpected(self, test, *_):
        self.find(test).problems.append(("failure", "", "unexpected success", ""))

    def about(self, test):
        """The tests that an outcome is about: of a set-up, all that now do not run."""
        holder = _HOLDER.match(test.id()) if type(test).__name__ == "_ErrorHolder" else None
        if holder is None:
            return [self.find(test)]
        when, what, owner = holder.groups()
        ours = [
            known
            for known in (self.planned if when == "setUp" else self.tests).values()
            if owner == (known.owner if what == "Class" else known.module)
        ]
        if when == "setUp":
            waiting = [known for known in ours if known.key not in self.tests]
            return [self.tests.setdefault(known.key, known) for known in waiting] or [
                self.find(test)
            ]
        return ours[-1:] or [self.find(test)]

    def write(self):
        if self.broken or self.pid != os.getpid() or len(self.results) != 1:
            return
        ran = getattr(self.results[0], "testsRun", self.started_tests)
        name = os.environ.get("AGENTPROXY_PROCESS", "0")
        number = 0
        while True:
            path = os.path.join(
                os.environ.get("AGENTPROXY_REPORTS", ""),
                f"unittest-{name}-{number:03d}.xml",
            )
            try:
                with open(path, "x", encoding="utf-8", errors="backslashreplace") as file:
                    self.write_to(file, ran)
                return
            except FileExistsError:
                number += 1
            except OSError:
                return

    def write_to(self, file, ran):
        file.write('<testsuites><testsuite name="unittest">\n')
        for test in self.tests.values():
            place = (("file", test.file), ("module", test.module))
            named = (("classname", test.group), ("name", test.name))
            file.write(f"<testcase{_attributes(place + named)}>")
            for tag, kind, message, text in test.problems:
                said = _attributes((("type", kind), ("message", message[:MAX_MESSAGE])))
                file.write(f"<{tag}{said}>{_escape(text[-MAX_TEXT:])}</{tag}>")
            file.write("</testcase>\n")
        file.write("</testsuite>\n")
        file.write(f'<ran tests="{ran}"/></testsuites>\n')


def _attributes(pairs):
    return "".join(f' {name}="{_escape(str(value))}"' for name, value in pairs)


def _escape(text):
    # Not with xml.sax, which imports the modules of HTTP.
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(mark, entity)
    # A reader of XML makes one space of each of these in an attribute.
    return text.replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")


def _tests_of(suite):
    import unittest

    todo, found = [suite], 0
    while todo:
        part = todo.pop()
        if isinstance(part, unittest.BaseTestSuite):
            todo.extend(reversed(list(part)))
        elif part is not None and found < MAX_PLANNED:
            found += 1
            yield part


def _describe(err):
    if not isinstance(err, tuple):
        return "", str(err), ""
    message = "".join(traceback.format_exception_only(err[0], err[1])).strip()
    return err[0].__name__, message, "".join(traceback.format_exception(*err))


def _place(test):
    """Returns the file, the class and the name of a test; only the file of a module that could not
    be loaded.
    """
    kind = type(test)
    if kind.__name__ in ("_FailedTest", "ModuleImportFailure", "LoadTestsFailure", "ModuleSkipped"):
        named = getattr(test, "_testMethodName", "") or test.id().rpartition(".")[2]
        return _file_of_module(named), "", ""
    doc = getattr(test, "_dt_test", None)
    if doc is not None:
        return _absolute(doc.filename), "", test.id()
    function = getattr(test, "_testFunc", None)
    if function is not None:
        return _absolute(function.__code__.co_filename), "", test.id()
    method = getattr(test, "_testMethodName", None)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if method is None or not file:
        return "", "", test.id()
    return _absolute(file), kind.__qualname__, method


def _file_of_module(named):
    # The loader gives only the last part of a name that was asked for on the command line.
    asked = [word for word in sys.argv[1:] if "." in word and not word.startswith("-")]
    for word in asked:
        parts = word.split(".")
        if named in parts and not word.endswith(".py"):
            named = ".".join(parts[: parts.index(named) + 1])
            break
    parts = named.split(".")
    for length in range(len(parts), 0, -1):
        for folder in sys.path:
            path = os.path.join(folder or os.getcwd(), *parts[:length])
            if os.path.isfile(path + ".py"):
                return _absolute(path + ".py")
            # A package stands for its module only where it is the one that was asked for.
            if length == len(parts) and os.path.isfile(os.path.join(path, "__init__.py")):
                return _absolute(os.path.join(path, "__init__.py"))
    return os.path.join(os.getcwd(), *parts) + ".py"


def _absolute(path):
    return os.path.abspath(path) if path else ""
