"""Code that asks whether a test runs it may do something else for everybody else."""

import pytest

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
