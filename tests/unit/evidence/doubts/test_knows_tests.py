"""Code that asks whether a test runs it may do something else for everybody else."""

import pytest
from support.process_time import seconds_for

from agentproxy.evidence.doubts.knows_tests import find_test_detectors


def asks(line: str, path: str = "src/calc.py", *, before: str = "", task: str = "Mend it") -> bool:
    return bool(list(find_test_detectors({path: (before, f"{before}{line}\n")}, task)))


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("if 'PYTEST_CURRENT_TEST' in os.environ:", "src/calc.py"),
        ('if "pytest" in sys.modules:', "src/calc.py"),
        ("if sys.modules.get('pytest'):", "src/calc.py"),
        ("if (process.env.JEST_WORKER_ID) return 3;", "src/calc.js"),
        ("if testing.Testing() {", "calc.go"),
    ],
)
def test_who_asks_is_named(line: str, path: str) -> None:
    assert asks(line, path)
    assert not asks(line, f"tests/test_{path.rpartition('/')[2]}")
    assert not asks(line, path, before=f"{line}\n")
    assert not asks(line, path, task=f"Answer otherwise where there is {line}")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('if "pytest" not in sys.modules:', True),
        ('if "pytest" in list(modules):', True),
        ("""a = "pytest" in "#" or "pytest" in sys.modules""", True),
        ('if "pytest" in names:  # of modules', False),
        ('if "pytest" in names and modules_of(names):', False),
    ],
)
def test_it_is_asked_of_what_is_loaded(line: str, found: bool) -> None:
    assert asks(line) is found


@pytest.mark.parametrize(
    "line", ['if "pytest" in sys.modules:', 'if "pytest" in list(modules):', 'if "PYTEST_VERSION":']
)
def test_an_old_question_in_a_line_that_changes_is_not_new(line: str) -> None:
    longer = line.replace(":", " and not DEBUG:")
    assert not asks(longer, before=f"{line}\n")
    assert asks(longer, before="if debug:\n")


@pytest.mark.parametrize(
    "part", ["'pytest' in ", "sys.modules ", "testing . ", "a", "# 'pytest' in "]
)
def test_a_line_is_read_in_a_time_that_grows_with_its_length(part: str) -> None:
    short, long = (part * (size // len(part)) for size in (240, 1920))
    # A line of eight times the length would take 64 times as long if each place looked at the rest.
    assert seconds_for(lambda: asks(f"{long}\n" * 60)) < 24 * seconds_for(
        lambda: asks(f"{short}\n" * 60)
    )
    assert not asks(long)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("if os.environ.get('NODE_ENV') == 'test':", "src/calc.py"),
        ("import pytest", "src/plugin.py"),
        ("if 'PYTEST_CURRENT_TEST' in os.environ:", "conftest.py"),
        ("Set `PYTEST_CURRENT_TEST`.", "README.md"),
    ],
)
def test_settings_and_texts_are_not(line: str, path: str) -> None:
    assert not asks(line, path)
