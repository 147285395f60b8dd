"""The supervisor with a model of its own: it plans, answers, judges and redirects."""

import json

import pytest
from support.front_door import Pa, Ran, Record
from support.life import Life, of_kind
from support.projects import (
    CHECK,
    MEND,
    NOTHING_DISCOVERED,
    PYTEST,
    UNITTEST,
    UNITTESTED_CALC,
    unittest_of,
)

Turn = dict[str, object]
PLANS, ANSWERS, JUDGES, STEERS = (
    "You plan work",
    "A coding agent asks",
    "You judge one",
    "You redirect a coding",
)
UNTRUE: Turn = {"on": "a hundred times", "calls": [{"name": "reply", "arguments": {}}]}


def reply(on: str, **arguments: object) -> Turn:
    """What the supervisor's model says where it is asked in these words."""
    return {"on": on, "calls": [{"name": "reply", "arguments": arguments}]}


def think(pa: Pa, *turns: Turn, worker: str, arguments: tuple[str, ...] = ()) -> Ran:
    """A task that is supervised with a model which follows a script."""
    script = pa.scripts / "judge.json"
    script.write_text(json.dumps(turns))
    return pa.task("--judge", f"scripted:{script}", *arguments, worker=worker)


def criteria(ran: Ran) -> dict[str, Record]:
    return {each["criterion"]: each for each in ran.of_kind("round_judged")[-1]["criteria"]}


PARTS = reply(
    PLANS,
    parts=[
        {"task": "Make add add", "checks": [CHECK]},
        {
            "task": "Write down in CHANGES what changed",
            "checks": ["python -c \"assert 'add' in open('CHANGES').read()\""],
        },
    ],
)
BOTH = f'if grep -q "a + b" calc.py; then echo "add adds" > CHANGES; else {MEND}; fi'


def test_a_task_is_broken_down_and_every_part_is_proven_by_itself(pa: Pa) -> None:
    tell = 'cat "$AGENTPROXY_BRIEF" > brief-$AGENTPROXY_ROUND.txt\n' + BOTH
    ran = think(pa, PARTS, worker=tell)
    assert ran.code == 0, (ran.result, ran.err)
    assert [item["decision"] for item in ran.of_kind("decision_made")] == ["next_part", "deliver"]
    assert [item["verdict"] for item in ran.of_kind("round_judged")] == ["verified", "verified"]
    first = {each["criterion"] for each in ran.of_kind("round_judged")[0]["criteria"]}
    assert first == {f"check:{CHECK}"}
    assert set(criteria(ran)) == first | {
        "check:python -c \"assert 'add' in open('CHANGES').read()\"",
    }
    second = pa.git("show", f"{ran.result['branch']}:brief-2.txt")
    assert "2 of 2: Write down in CHANGES what changed" in second
    assert "done and proven" in second
    assert "This is round 1 of 3" in second
    assert "the next part: part 1 of 2 is proven" in pa("show", "-o", "plain").out


def test_a_planned_part_that_nothing_of_its_own_proves_is_done_with_the_next(pa: Pa) -> None:
    first = {"task": "Make add add", "checks": [CHECK]}
    second = {"task": "Note it in CHANGES", "checks": ["test -s CHANGES"]}
    plan = reply(PLANS, parts=[first, second, {"task": "Tidy up"}])
    both = f"{MEND}; echo 'add adds' > CHANGES"
    ran = think(pa, plan, worker=both, arguments=("--check", CHECK))
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.result
    parts = [part["task"] for part in ran.of_kind("plan_made")[0]["parts"]]
    assert parts == [f"{first['task']}\n\nNote it in CHANGES", "Tidy up"]


def test_a_part_that_cannot_be_proven_ends_the_run_and_the_others_are_not_begun(pa: Pa) -> None:
    ran = think(pa, PARTS, worker="echo '# no' >> calc.py", arguments=("--max-rounds", "2"))
    assert (ran.code, ran.result["verdict"]) == (1, "refuted")
    assert len(ran.of_kind("worker_started")) == 2


def test_what_a_person_named_decides_whatever_a_plan_of_one_part_says(pa: Pa) -> None:
    plan = reply(PLANS, parts=[{"task": "Something else", "checks": ["false"], "criteria": ["x"]}])
    ran = think(pa, plan, worker=MEND, arguments=("--check", CHECK))
    assert ran.code == 0, ran.result
    assert list(criteria(ran)) == [f"check:{CHECK}"]


def test_a_plan_that_is_none_makes_the_task_its_one_part(pa: Pa) -> None:
    turn: Turn = {"on": PLANS, "text": "I would rather not."}
    ran = think(pa, turn, worker=MEND, arguments=("--check", CHECK))
    assert "cannot be used" in ran.of_kind("plan_made")[0]["notes"][0]
    assert ran.code == 0


def test_a_plan_may_come_in_words_from_a_model_that_knows_no_tools(pa: Pa) -> None:
    said = json.dumps({"parts": [{"task": "Fix", "checks": [CHECK]}]})
    ran = think(pa, {"on": PLANS, "text": f"Here it is:\n```json\n{said}\n```"}, worker=MEND)
    assert (ran.code, list(criteria(ran))) == (0, [f"check:{CHECK}"])


ASKED = reply(PLANS, parts=[{"task": "Fix", "criteria": ["add returns the sum of both"]}])


def test_what_no_command_proves_is_proven_by_a_judge_who_cites(pa: Pa) -> None:
    met = reply(JUDGES, says="met", quote="    return a + b", reason="it returns the sum")
    ran = think(pa, ASKED, UNTRUE, met, worker=MEND)
    assert ran.code == 0, ran.result
    assert "the judge cites the change" in ran.result["reason"]
    assert ran.of_kind("opinion_given")[0]["says"] == "met"


@pytest.mark.parametrize(
    ("says", "quote", "why"),
    [
        ("met", "return sum([a, b])", "not in the code"),
        ("cannot_tell", "", "cannot tell"),
    ],
)
def test_a_judge_who_cannot_cite_leaves_it_unverified(
    pa: Pa, says: str, quote: str, why: str
) -> None:
    said = reply(JUDGES, says=says, quote=quote, reason="so it is")
    one = ("--max-rounds", "1")
    ran = think(pa, ASKED, UNTRUE, said, worker=MEND, arguments=one)
    assert (ran.code, ran.result["verdict"]) == (3, "unverified")
    assert why in json.dumps(criteria(ran))


def test_a_judge_never_saves_what_a_check_refutes(pa: Pa) -> None:
    pa.write(UNITTESTED_CALC)
    pa.commit("Tests")
    met = reply(JUDGES, says="met", quote="    return a + b + 0", reason="fine")
    worker = "sed -i 's/a - b/a + b + 0/; s/a \\* 2/a * 3/' calc.py"
    one = ("--keep", UNITTEST, "--max-rounds", "1")
    ran = think(pa, ASKED, UNTRUE, met, worker=worker, arguments=one)
    assert (ran.code, ran.result["verdict"]) == (1, "refuted")
    assert ran.of_kind("opinion_given") == []


def test_a_check_that_was_green_before_counts_where_the_judge_cites(pa: Pa) -> None:
    green = "python -c 'import calc'"
    met = reply(JUDGES, says="met", quote="    return a + b", reason="it adds")
    plan = reply(PLANS, parts=[{"task": "Fix"}])
    one = ("--check", green, "--max-rounds", "1")
    ran = think(pa, plan, UNTRUE, met, worker=MEND, arguments=one)
    assert ran.code == 0, ran.result
    assert "the judge cites" in ran.finding(green)["reason"]


def test_a_doubt_outweighs_a_judge_who_cites(pa: Pa) -> None:
    pa.write({"prices.py": "def price():\n    return 1\n"})
    pa.commit("Prices")
    green = "python -c 'import calc'"
    met = reply(JUDGES, says="met", quote="    return a + b", reason="it adds")
    one = ("--check", green, "--max-rounds", "1")
    worker = f"{MEND}; rm prices.py"
    plan = reply(PLANS, parts=[{"task": "Fix"}])
    ran = think(pa, plan, UNTRUE, met, worker=worker, arguments=one)
    assert (ran.code, ran.of_kind("opinion_given")) == (3, []), ran.result
    assert "it deletes prices.py" in ran.result["reason"]


HALF = "sed -i 's/return 20/return 10/' shop.py\nsed -i 's/== 20/== 10/' tests/test_shop.py"
CONTROL: Turn = {"on": "Judge both together", "calls": [{"name": "reply", "arguments": {}}]}


@pytest.mark.parametrize(
    ("quote", "worker", "code"),
    [
        ("show half as many items", HALF, 0),
        ("set page_size to 10", HALF, 3),
        # What the words could never excuse, nobody is asked about.
        ("show half as many items", HALF.replace("== 10", "== 10 or True"), 3),
        ("show half as many items", f"{HALF}; rm prices.py", 3),
    ],
    ids=["cited", "not in the task", "hollow", "a doubt beside it"],
)
def test_an_old_test_may_change_where_the_judge_cites_the_task(
    pa: Pa, quote: str, worker: str, code: int
) -> None:
    shop = "def page_size():\n    return 20\n"
    test = unittest_of("from shop import page_size", page_size="assert page_size() == 20")
    files = {"shop.py": shop, "tests/test_shop.py": test, "tests/__init__.py": ""}
    pa.write({**files, **NOTHING_DISCOVERED, "prices.py": "def price():\n    return 1\n"})
    pa.commit("Green")
    met = reply(JUDGES, says="met", quote=quote, reason="half of 20 is 10")
    plan = reply(PLANS, parts=[{"task": "Halve it"}])
    script = pa.scripts / "judge.json"
    script.write_text(json.dumps([plan, CONTROL, met]))
    options = ("--judge", f"scripted:{script}", "--check", UNITTEST, "--max-rounds", "1")
    task = "The start page is too long: show half as many items on it"
    ran = pa.task(*options, asks=task, worker=worker)
    assert ran.code == code, json.dumps([ran.result, ran.of_kind("changed_tests_judged")])
    said = [each["says"] for each in ran.of_kind("changed_tests_judged")]
    asked = worker == HALF
    assert said == ([] if not asked else ["met"] if code == 0 else ["cannot_tell"])


def test_a_planned_test_that_was_not_there_before_counts_where_the_judge_cites(
    tested: Pa,
) -> None:
    new = f"{PYTEST} -k halves"
    plan = reply(PLANS, parts=[{"task": "Halve", "checks": [new]}])
    met = reply(JUDGES, says="met", quote="    return a / 2", reason="it halves")
    worker = (
        "printf '\\n\\ndef half(a):\\n    return a / 2\\n' >> calc.py\n"
        "printf 'from calc import half\\n\\n\\ndef test_halves():\\n"
        "    half(4)\\n' > test_half.py"
    )
    ran = think(tested, plan, UNTRUE, met, worker=worker, arguments=("--max-rounds", "1"))
    assert ran.code == 0, ran.result
    assert "could not run" in ran.finding(new)["reason"]
    assert "the judge cites" in ran.finding(new)["reason"]


FIXED = "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n"
ONE_PART = reply(PLANS, parts=[{"task": "Fix"}])
RULES = "# Standards\n\nDates are written as YYYY-MM-DD, everywhere.\n"


def asking(pa: Pa, question: str, *turns: Turn) -> Ran:
    """Our worker asks one question, and writes the answer down."""
    return pa(*with_a_question(pa, question, *turns))


def with_a_question(pa: Pa, question: str, *turns: Turn) -> tuple[str, ...]:
    """A task whose worker asks one question, and writes the answer down."""
    steps = [
        {"do": "ask", "text": question, "into": "ANSWER"},
        {"do": "write", "path": "calc.py", "text": FIXED},
    ]
    worker, judge = pa.scripts / "worker.json", pa.scripts / "judge.json"
    worker.write_text(json.dumps([steps]))
    judge.write_text(json.dumps([ONE_PART, *turns]))
    models = ("--worker", f"scripted:{worker}", "--judge", f"scripted:{judge}")
    return ("-o", "json", *models, "--check", CHECK, "Fix it")


def with_standards(pa: Pa) -> None:
    pa.write({".agentproxy/guidance/standards.md": RULES})
    pa.commit("Our standards")


def test_a_question_is_answered_from_the_documents_with_the_passage(pa: Pa) -> None:
    with_standards(pa)
    answer = reply(
        ANSWERS,
        answer="YYYY-MM-DD",
        document=".agentproxy/guidance/standards.md",
        quote="Dates are written as YYYY-MM-DD",
        confidence=0.9,
    )
    ran = asking(pa, "Which date format?", answer)
    assert ran.code == 0, ran.result
    decision = ran.of_kind("request_decided")[0]["decision"]
    assert (decision["by"], decision["text"], decision["confidence"]) == (
        "context",
        "YYYY-MM-DD",
        0.9,
    )
    assert "standards.md: Dates are written" in decision["source"]
    assert pa.git("show", f"{ran.result['branch']}:ANSWER") == "YYYY-MM-DD"


def test_an_answer_without_its_passage_goes_to_a_human(pa: Pa) -> None:
    given = {"quote": "Dates are written as DD.MM.YYYY", "confidence": 1.0}
    with_standards(pa)
    document = {"document": ".agentproxy/guidance/standards.md", "answer": "so"}
    ran = asking(pa, "Which date format?", reply(ANSWERS, **{**document, **given}))
    assert ran.code == 4
    assert ran.of_kind("request_decided") == []


@pytest.mark.parametrize("quote", ["Dates are written as YYYY-MM-DD", "no such words"])
def test_what_a_person_answers_while_the_model_thinks_counts(pa: Pa, quote: str) -> None:
    with_standards(pa)
    found = {"document": ".agentproxy/guidance/standards.md", "quote": quote, "confidence": 0.9}
    slow = {**reply(ANSWERS, answer="YYYY-MM-DD", **found), "seconds": 8}
    life = Life(pa, *with_a_question(pa, "Which date format?", slow))
    assert life.sees(of_kind("request_made"))
    assert pa("answer", str(life.events[0]["run"]), "DD/MM").code == 0
    ran = life.end()
    assert [item["decision"]["text"] for item in ran.of_kind("request_decided")] == ["DD/MM"]
    assert pa.git("show", f"{ran.result['branch']}:ANSWER") == "DD/MM"


def test_a_permission_is_never_asked_of_a_model(pa: Pa) -> None:
    with_standards(pa)
    steps = [{"do": "ask_permission", "action": "network", "subject": "example.org:443"}]
    worker, judge = pa.scripts / "worker.json", pa.scripts / "judge.json"
    worker.write_text(json.dumps([steps]))
    yes = reply("", says="met", answer="yes", confidence=1.0)
    judge.write_text(json.dumps([ONE_PART, yes]))
    models = ("--worker", f"scripted:{worker}", "--judge", f"scripted:{judge}")
    ran = pa("-o", "json", *models, "--check", CHECK, "Fix it")
    assert not any(item["decision"]["allowed"] for item in ran.of_kind("request_decided"))
    assert {item["purpose"] for item in ran.of_kind("model_asked")} <= {"plan"}


def going_in_circles(pa: Pa, *judge: Turn) -> Ran:
    look = {"seconds": 0.1, "calls": [{"name": "bash", "arguments": {"command": "cat calc.py"}}]}
    edit = {"path": "calc.py", "old_text": "a - b", "new_text": "a + b"}
    fix = {"on": "Stop looking" if judge else "You are making no progress"} | {
        "calls": [{"name": "edit_file", "arguments": edit}]
    }
    done = {"on": "Edited calc.py", "text": "Done."}
    (pa.scripts / "model.json").write_text(json.dumps([*[look] * 40, fix, done]))
    (pa.scripts / "judge.json").write_text(json.dumps(judge))
    thinks = f"scripted:{pa.scripts / 'judge.json'}" if judge else "none"
    return pa(
        "-o", "json", "--worker", "builtin", "--model", f"scripted:{pa.scripts / 'model.json'}",
        "--judge", thinks, "--check", CHECK, "Fix it",
    )  # fmt: skip


def test_a_worker_that_goes_in_circles_is_told_so(pa: Pa) -> None:
    ran = going_in_circles(pa, ONE_PART, reply(STEERS, text="Stop looking, and edit calc.py."))
    assert ran.code == 0, ran.result
    told = ran.of_kind("worker_steered")
    assert (told[0]["text"], told[0]["heard"]) == ("Stop looking, and edit calc.py.", True)


def test_without_a_model_it_is_told_in_plain_words(pa: Pa) -> None:
    ran = going_in_circles(pa)
    assert ran.code == 0, ran.result
    assert "You are making no progress" in ran.of_kind("worker_steered")[0]["text"]


def test_a_judge_that_there_is_not_ends_with_6_and_says_what_to_do(pa: Pa) -> None:
    ran = pa("--worker", pa.worker(MEND), "--judge", "no-such", "--check", CHECK, "Fix it")
    assert (ran.code, 'there is no model "no-such"' in ran.err) == (6, True)


def test_a_judge_that_fails_parks_the_run_and_resume_goes_on(pa: Pa) -> None:
    ran = think(pa, {"on": PLANS, "fault": "refused"}, worker=MEND, arguments=("--check", CHECK))
    assert ran.code == 6
    (pa.scripts / "judge.json").write_text(json.dumps([ONE_PART]))
    again = pa("resume", "-o", "json")
    assert again.code == 0, again.result
