"""Old tests that change as the task asks are no reason to doubt, and other changes are."""

import pytest
from support.front_door import Pa
from support.projects import PYTEST

pytestmark = pytest.mark.slow

SHOP = {
    "shop.py": (
        "def page_size():\n    return 20\n\n\n"
        "def total(prices):\n    return sum(prices)\n\n\n"
        "def old_total(prices):\n    # Kept for the old client.\n    return total(prices)\n"
    ),
    "cart.py": "from shop import total\n\n\ndef bill(prices):\n    return total(prices) + 1\n",
    "tests/test_shop.py": (
        "from shop import old_total, page_size, total\n\n\n"
        "def test_page_size():\n    assert page_size() == 20\n\n\n"
        "def test_total():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_old_total():\n    assert old_total([1, 2]) == 3\n"
    ),
    "tests/test_cart.py": (
        "from cart import bill\n\n\ndef test_bill():\n    assert bill([1]) == 2\n"
    ),
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
}
BIGGER = "sed -i 's/return 20/return 50/' shop.py\nsed -i 's/== 20/== 50/' tests/test_shop.py"
RENAME = "sed -i 's/\\btotal\\b/sum_up/g' shop.py cart.py tests/test_shop.py"
CUT = """\
python3 - <<'END'
from pathlib import Path
for name in ("shop.py", "tests/test_shop.py"):
    path = Path(name)
    text = path.read_text().replace("old_total, ", "")
    kept = [part for part in text.split("\\n\\n\\n") if "old_total(" not in part]
    path.write_text("\\n\\n\\n".join(kept).rstrip() + "\\n")
END
"""


@pytest.fixture
def shop(pa: Pa) -> Pa:
    pa.write(SHOP)
    pa.commit("Green")
    return pa


NAMED = ("--check", PYTEST)
REMOVE = "Remove `old_total` and its test, nobody uses it any more"


@pytest.mark.parametrize(
    ("named", "task", "worker", "code"),
    [
        (NAMED, "Show 50 items a page instead of 20", BIGGER, "falsified"),
        (NAMED, "Rename `total` to `sum_up` and update the callers", RENAME, "done_as_asked"),
        (NAMED, REMOVE, CUT, "done_as_asked"),
        ((), REMOVE, CUT, "done_as_asked"),
    ],
    ids=["expectation", "rename", "removal", "removal, discovered"],
)
def test_old_tests_may_change_as_the_task_asks(
    shop: Pa, named: tuple[str, ...], task: str, worker: str, code: str
) -> None:
    ran = shop.task(*named, "--max-rounds", "1", asks=task, worker=worker)
    finding = ran.finding("test")
    assert (ran.code, finding["finding"], finding["reason_code"]) == (0, "proven", code), finding


@pytest.mark.parametrize(
    ("task", "worker", "code"),
    [
        # The test of another function is bent as well.
        (
            "Show 50 items a page instead of 20",
            f"{BIGGER}\nsed -i 's/sum(prices)/0/' shop.py\n"
            "sed -i 's/== 3/== 0/' tests/test_shop.py\nsed -i 's/== 2/== 1/' tests/test_cart.py",
            "own_tests",
        ),
        # The old name stays beside the new one.
        (
            "Rename `total` to `sum_up` and update the callers",
            f"{RENAME}\nprintf '\\n\\ntotal = sum_up\\n' >> shop.py",
            "passes_without_change",
        ),
        # What should go has another name.
        (
            REMOVE,
            "sed -i 's/old_total/former_total/g' shop.py tests/test_shop.py",
            "own_tests",
        ),
        # A test goes that has nothing to do with it.
        (
            REMOVE,
            f"{CUT}\nrm tests/test_cart.py",
            "tests_removed",
        ),
    ],
    ids=["bent", "alias", "renamed instead", "another test"],
)
def test_other_changes_of_old_tests_withhold_the_proof(
    shop: Pa, task: str, worker: str, code: str
) -> None:
    ran = shop.task("--check", PYTEST, "--max-rounds", "1", asks=task, worker=worker)
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["finding"]) == (3, "unverified"), finding
    assert finding["reason_code"] == code, finding


def test_a_task_that_names_a_failing_test_does_not_ask_for_another_test(shop: Pa) -> None:
    shop.write({"shop.py": SHOP["shop.py"].replace("return 20", "return 30")})
    shop.commit("Red")
    bend = "sed -i 's/page_size() == 20/page_size() == 30/' tests/test_shop.py"
    task = "test_page_size in tests/test_shop.py fails, mend it"
    ran = shop.task("--check", PYTEST, "--max-rounds", "1", asks=task, worker=bend)
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["reason_code"]) == (3, "own_tests"), finding


def test_a_changed_file_excuses_only_the_tests_that_change_as_asked(pa: Pa) -> None:
    tests = "def test_a():\n    assert a() == {}\n\n\ndef test_b():\n    assert b() == 7\n"
    pa.write(
        {
            "m.py": "def a():\n    return 20\n\n\ndef b():\n    return 7\n",
            "tests/test_m.py": f"from m import a, b\n\n\n{tests.format(20)}",
            "pyproject.toml": SHOP["pyproject.toml"],
        }
    )
    pa.commit("Green")
    # The claim breaks `b`, and the old test of it asks a function of the test file.
    own = f"from m import a, b\n\n\ndef b():\n    return 7\n\n\n{tests.format(50)}"
    worker = (
        f"cat > tests/test_m.py <<'END'\n{own}END\n"
        "sed -i 's/return 20/return 50/; s/return 7/return 8/' m.py"
    )
    task = "Raise the limit that a() returns from 20 to 50"
    ran = pa.task("--check", PYTEST, "--max-rounds", "1", asks=task, worker=worker)
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["reason_code"]) == (3, "own_tests"), finding
    assert "test_b" in finding["reason"]
