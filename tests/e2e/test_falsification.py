"""A feature on a green suite is proven by tests of the claim that need its change."""

import pytest
from support.front_door import Pa
from support.projects import NOTHING_DISCOVERED, PYTEST, UNITTEST, unittest_of

ONE = ("--max-rounds", "1")
CALC = {"calc.py": "def add(a, b):\n    return a + b\n"}
GREEN = {
    **CALC,
    **NOTHING_DISCOVERED,
    "test_calc.py": unittest_of("from calc import add", add="self.assertEqual(add(1, 2), 3)"),
}
FEATURE = "printf '\\n\\ndef sub(a, b):\\n    return a - b\\n' >> calc.py"


def brings(path: str, text: str) -> str:
    """What a worker does to write a file."""
    return f"cat > {path} <<'END'\n{text}END"


TEST_SUB = unittest_of("from calc import sub", sub="self.assertEqual(sub(5, 3), 2)")
TESTED = brings("test_sub.py", TEST_SUB)
CALLED = brings("test_sub.py", unittest_of("from calc import sub", sub="sub(5, 3)"))
BESIDE = brings(
    "test_sub.py", unittest_of("from calc import add", add="self.assertEqual(add(1, 1), 2)")
)


def pytest_of(shown: str) -> str:
    """A file of tests for pytest with one test of a function of `calc`."""
    name = shown.partition("(")[0]
    return f"from calc import {name}\n\n\ndef test_{name}():\n    assert {shown}\n"


@pytest.fixture
def green(pa: Pa) -> Pa:
    pa.write(GREEN)
    pa.commit("Green")
    return pa


@pytest.mark.parametrize(
    "named", [("--check", f"{PYTEST} --tb=short"), ()], ids=["named", "discovered"]
)
def test_a_feature_with_a_test_that_needs_it_is_verified(pa: Pa, named: tuple[str, ...]) -> None:
    pa.write({**CALC, "test_calc.py": pytest_of("add(1, 2) == 3")})
    pa.commit("Green")
    script = f"{FEATURE}\n{brings('test_sub.py', pytest_of('sub(5, 3) == 2'))}"
    ran = pa.task(*named, worker=script, env={"AGENTPROXY_JOBS": "2"})
    finding = ran.finding("test")
    assert (finding["finding"], finding["reason_code"]) == ("proven", "falsified"), finding
    assert "test_sub.py::test_sub" in finding["reason"]
    assert (ran.code, ran.result["verdict"]) == (0, "verified")
    checks = [each for each in ran.records if each["kind"].startswith("check_")]
    trials = [(each["kind"], each["data"]["on"]) for each in checks[4:]]
    assert trials[:2] == [("check_started", "without:1"), ("check_started", "stub:1")]
    assert {on for _, on in trials[2:]} == {"without:1", "stub:1", "control:1"}
    if named:
        assert pa("evidence", ran.result["run"], "--rerun").code == 0


@pytest.mark.parametrize("command", [PYTEST, f"{PYTEST} test_calc.py test_total.py"])
def test_a_variant_loads_no_test_file_beside_the_claims_except_those_that_the_check_names(
    pa: Pa, command: str
) -> None:
    # On the stub, what has other parameters returns nothing, and the old file cannot be loaded.
    old = "from calc import add\n\nTOTAL = add(1, 2) + 1\n\n\ndef test_total():\n    assert TOTAL\n"
    pa.write({**CALC, "test_total.py": old, "test_calc.py": pytest_of("add(1, 2) == 3")})
    pa.commit("Green")
    new = brings("test_calc.py", pytest_of("add(1, by=2) == 3"))
    script = f"sed -i 's/(a, b)/(a, by)/; s/a + b/a + by/' calc.py\n{new}"
    ran = pa.task("--check", command, *ONE, worker=script)
    finding = ran.finding(command)
    stub = next(each for each in ran.of_kind("check_finished") if each["on"] == "stub:1")
    assert stub["result"]["left_out"] == ["test_total.py"]
    outcomes = {each["name"]: each["outcome"] for each in stub["result"]["tests"]}
    if command == PYTEST:
        assert outcomes == {"test_calc.py::test_add": "failed"}
        assert (ran.code, finding["reason_code"]) == (0, "falsified"), finding
    else:
        assert "test_total.py" in "".join(outcomes)
        assert (ran.code, finding["reason_code"]) == (3, "result_not_checked"), finding


# What tells a run of a variant from that of the claim, and nothing of the code.
OF_THE_RUN = {
    "how many tests there are": "def test_sub(request):\n    assert request.session.items[1:]\n",
    "the size of the code": (
        "import os\n\n\ndef test_sub():\n    assert os.stat('calc.py').st_size == SIZE\n"
    ),
}


@pytest.mark.parametrize("what", OF_THE_RUN)
def test_a_test_of_how_it_is_run_proves_nothing(pa: Pa, what: str) -> None:
    pa.write({**CALC, "test_calc.py": pytest_of("add(1, 2) == 3")})
    pa.commit("Green")
    size = len(CALC["calc.py"]) + len("\n\ndef sub(a, b):\n    return a - b\n")
    test = brings("test_sub.py", OF_THE_RUN[what].replace("SIZE", str(size)))
    ran = pa.task("--check", PYTEST, *ONE, worker=f"{FEATURE}\n{test}")
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["reason_code"]) == (3, "fails_alone"), finding


def test_a_test_of_the_size_of_all_code_proves_nothing_where_a_variant_runs_all_tests(
    pa: Pa,
) -> None:
    old = pytest_of("add(1, 2) == 3")
    pa.write({**CALC, "test_calc.py": old})
    pa.commit("Green")
    size = len(CALC["calc.py"]) + len("\n\ndef sub(a, b):\n    return a - b\n")
    files = "[each for each in Path(__file__).parent.iterdir() if each.stem == 'calc']"
    test = f"""

def test_sub():
    from pathlib import Path

    assert sum(len(each.read_bytes()) for each in {files}) == {size}
"""
    script = f"{FEATURE}\n{brings('test_calc.py', old + test)}"
    ran = pa.task("--check", PYTEST, *ONE, worker=script)
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["reason_code"]) == (3, "fails_alone"), finding


SEARCHES = {
    "over all files": "''.join(each.read_text() for each in Path('.').glob('*.py'))",
    "by a name that is put together": "open('calc' + '.py').read()",
    "by another program": "run(['cat', 'calc.py'], capture_output=True, text=True).stdout",
    "by its loader": "calc.__loader__.get_source('calc')",
}


@pytest.mark.parametrize("how", SEARCHES)
def test_a_test_that_searches_the_code_for_words_proves_nothing(pa: Pa, how: str) -> None:
    pa.write({**CALC, "test_calc.py": pytest_of("add(1, 2) == 3")})
    pa.commit("Green")
    head = "import calc\nfrom pathlib import Path\nfrom subprocess import run\n\n\n"
    text = f"{head}def test_sub():\n    calc.sub(5, 3)\n    assert 'a - b' in {SEARCHES[how]}\n"
    ran = pa.task("--check", PYTEST, *ONE, worker=f"{FEATURE}\n{brings('test_sub.py', text)}")
    assert (ran.code, ran.finding("pytest")["reason_code"]) == (3, "result_not_checked")


def test_a_test_of_the_history_proves_nothing(pa: Pa) -> None:
    # All tests are in one file, so that a variant runs as the claim does.
    old = pytest_of("add(1, 2) == 3")
    pa.write({**CALC, "test_calc.py": old})
    pa.commit("Green")
    looks = "git log -1 --format='%s %an %ad' HEAD~1 && git log -1 --format=%s"
    test = f"""

def test_sub():
    import subprocess

    said = subprocess.check_output(["sh", "-c", {looks!r}], text=True)
    assert said.startswith("Green") and "round 1" in said
"""
    ran = pa.task(
        "--check", PYTEST, *ONE, worker=f"{FEATURE}\n{brings('test_calc.py', old + test)}"
    )
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["reason_code"]) == (3, "passes_without_change"), finding


def test_a_test_that_needs_only_that_another_file_was_loaded_proves_nothing(pa: Pa) -> None:
    pa.write({**CALC, "test_calc.py": pytest_of("add(1, 2) == 3")})
    pa.commit("Green")
    looks = "import sys\n\n\ndef test_sub():\n    assert 'test_calc' in sys.modules\n"
    ran = pa.task("--check", PYTEST, *ONE, worker=f"{FEATURE}\n{brings('test_sub.py', looks)}")
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["reason_code"]) == (3, "passes_without_change"), finding


def test_a_feature_without_a_test_is_sent_back_once_with_the_demand_for_one(green: Pa) -> None:
    ran = green.task("--check", UNITTEST, worker=f"test -e sub || {FEATURE}\ntouch sub")
    assert [each["checks"][0]["reason_code"] for each in ran.of_kind("round_judged")] == [
        "no_test",
        "no_test",
    ]
    assert (ran.code, ran.result["verdict"]) == (3, "unverified")
    on = {each["on"].partition(":")[0] for each in ran.of_kind("check_finished")}
    assert on == {"base", "claim"}
    assert ran.result["hints"][0].startswith("next: start again, and ask in the task for a test")


def test_a_file_that_only_the_check_shows_to_be_one_of_tests_is_taken_for_one(pa: Pa) -> None:
    # The variants are made beside the check, before anybody knows.
    pa.write({**GREEN, "checks.py": GREEN["test_calc.py"]})
    pa.commit("Green")
    both = {"add": "self.assertEqual(add(1, 2), 3)", "sub": "self.assertEqual(sub(5, 3), 2)"}
    tests = unittest_of("from calc import add, sub", **both)
    script = f"{FEATURE}\n{brings('checks.py', tests)}\n{brings('test_calc.py', tests)}"
    ran = pa.task("--check", f"{UNITTEST} checks test_calc", *ONE, worker=script)
    prepared = ran.of_kind("trials_prepared")
    split = [(each["code"], each["tests"]) for each in prepared]
    assert split == [(["calc.py"], ["checks.py", "test_calc.py"])]
    assert "checks" in ran.finding("test")["reason"]
    assert (ran.code, ran.result["verdict"]) == (0, "verified")


def test_who_brings_the_test_in_the_second_round_is_verified(green: Pa) -> None:
    script = f"if [ $AGENTPROXY_ROUND = 1 ]; then {FEATURE}\nelse\n{TESTED}\nfi"
    ran = green.task("--check", UNITTEST, worker=script)
    assert (ran.code, len(ran.of_kind("round_judged"))) == (0, 2)


@pytest.mark.parametrize(
    ("test", "code"), [(CALLED, "result_not_checked"), (BESIDE, "passes_without_change")]
)
def test_a_test_that_does_not_need_what_the_change_does_proves_nothing(
    green: Pa, test: str, code: str
) -> None:
    ran = green.task("--check", UNITTEST, *ONE, worker=f"{FEATURE}\n{test}")
    finding = ran.finding(UNITTEST)
    assert (finding["finding"], finding["reason_code"]) == ("unverified", code), finding
    assert ran.code == 3


def test_old_tests_that_the_claim_bends_are_run_as_they_were(green: Pa) -> None:
    bend = "sed -i 's/a + b/a - b/' calc.py\nsed -i 's/add(1, 2), 3/add(1, 2), -1/' test_calc.py"
    ran = green.task("--check", UNITTEST, *ONE, worker=f"{FEATURE}\n{TESTED}\n{bend}")
    finding = ran.finding(UNITTEST)
    assert (finding["finding"], finding["reason_code"]) == ("unverified", "own_tests"), finding


def test_a_proof_does_not_count_where_a_changed_file_cannot_be_parsed(green: Pa) -> None:
    green.write({"tool.py": "print('a tool that no test imports')\n"})
    green.commit("A tool")
    tear = "echo 'def (' > tool.py"
    ran = green.task("--check", UNITTEST, *ONE, worker=f"{FEATURE}\n{TESTED}\n{tear}")
    finding = ran.finding(UNITTEST)
    assert (finding["finding"], finding["reason_code"]) == ("unverified", "doubtful"), finding
    assert "tool.py cannot be parsed" in finding["reason"]


def test_a_red_check_that_turns_green_proves_nothing_where_a_file_beside_the_task_is_gone(
    green: Pa,
) -> None:
    test = unittest_of("from calc import add", red="self.assertEqual(add(2, 2), 5)")
    green.write({"test_red.py": test, "users.py": "NAMES = ['ada']\n"})
    green.commit("A red test")
    worker = "sed -i 's/return a + b/return a + b + (a == 2)/' calc.py\nrm users.py"
    ran = green.task("--check", UNITTEST, *ONE, worker=worker)
    finding = ran.finding(UNITTEST)
    assert (finding["finding"], finding["reason_code"]) == ("unverified", "doubtful"), finding
    assert "it deletes users.py, which the task does not name" in finding["reason"]


def test_a_changed_template_beside_a_changed_function_is_taken_back(green: Pa) -> None:
    page = "from pathlib import Path\n\n\ndef page():\n    return Path('page.txt').read_text()\n"
    green.write({"page.py": page, "page.txt": "Hello\n"})
    green.commit("A page")
    test = unittest_of("from page import page", page="self.assertEqual(page(), 'Good day')")
    worker = (
        "printf 'Good day' > page.txt\n"
        "sed -i 's/read_text()/read_text(encoding=\"utf-8\")/' page.py\n"
        f"{brings('test_page.py', test)}"
    )
    ran = green.task("--check", UNITTEST, *ONE, worker=worker)
    assert ran.finding(UNITTEST)["reason_code"] == "falsified", ran.finding(UNITTEST)


def test_what_the_old_body_needs_of_a_file_that_is_gone_is_there_in_the_stub(green: Pa) -> None:
    names = "from old import name\n\n\ndef of(number):\n    return name(number)\n"
    green.write({"old.py": "def name(number):\n    return f'n{number}'\n", "names.py": names})
    green.commit("Names")
    test = unittest_of("from names import of", of="self.assertEqual(of(1), 'no-1')")
    script = (
        "rm old.py\n"
        "printf 'def of(number):\\n    return f\"no-{number}\"\\n' > names.py\n"
        f"{brings('test_names.py', test)}"
    )
    task = ("--check", UNITTEST, *ONE, "Names begin with no-, and old.py goes")
    ran = green("-o", "json", "--worker", green.worker(script), *task)
    finding = ran.finding(UNITTEST)
    assert (finding["finding"], finding["reason_code"]) == ("proven", "falsified"), finding
