"""Files that lose most of their lines beside the task."""

import pytest

from agentproxy.events.git_facts import Change
from agentproxy.evidence.doubts.destroyed import find_mostly_removed

MODELS = "".join(f"class Model{n}:\n    size = {n}\n" for n in range(15))
HALF = "".join(MODELS.splitlines(keepends=True)[:14])
Texts = dict[str, tuple[str, str]]


def removed(texts: Texts, task: str = "Add sub to calc") -> list[str]:
    changes = [
        Change(path=path, status="modified" if before else "added")
        for path, (before, _) in texts.items()
    ]
    return [each.path for each in find_mostly_removed(changes, task, texts)]


def test_over_half_of_a_file_is_gone_beside_the_task() -> None:
    assert removed({"billing/models.py": (MODELS, HALF)}) == ["billing/models.py"]
    assert removed({"billing/models.py": (MODELS, "")}) == ["billing/models.py"]
    assert removed({"README.md": (MODELS, "# New\n")}) == ["README.md"]


@pytest.mark.parametrize(
    "task",
    [
        "Fix the models",
        "Mend billing",
        "Give Model3 a size",
        "Refactor all of it",
        "Remove dead code",
        "Change billing/models.py",
    ],
)
def test_a_task_that_is_about_the_file_lets_it_change(task: str) -> None:
    assert removed({"billing/models.py": (MODELS, "")}, task) == []


@pytest.mark.parametrize(
    "texts",
    [
        {"billing/models.py": (MODELS, MODELS + "x = 1\n")},
        {"billing/models.py": (MODELS, MODELS.replace("    ", "\t"))},
        {"billing/models.py": ("a = 1\n" * 9, "")},
        {"billing/models.py": (MODELS, ""), "billing/shop.py": ("", MODELS)},  # moved
        {"billing/models.py": (MODELS, ""), "tests/test_a.py": ("", "import models")},
        {"package-lock.json": (MODELS, "{}")},
        {"web/app.min.js": (MODELS, "x")},
        {"tests/test_models.py": (MODELS, "")},  # what goes from tests is weighed elsewhere
    ],
)
def test_what_stays_was_moved_or_is_generated_is_not_destroyed(texts: Texts) -> None:
    assert removed(texts) == []


def test_prose_may_be_written_anew_where_the_task_asks_for_documentation() -> None:
    assert removed({"README.md": (MODELS, "# New\n")}, "Update the docs") == []
