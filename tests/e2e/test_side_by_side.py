"""Checks run side by side, as many as there are jobs; what conflicts runs alone."""

from support.front_door import Pa, Ran
from support.projects import MEND

SLOW = "sleep 0.7; grep -q 'a + b' calc.py"


def most_at_once(ran: Ran) -> int:
    """How many checks were under way at the same time."""
    now = most = 0
    for record in ran.records:
        now += {"check_started": 1, "check_finished": -1}.get(record["kind"], 0)
        most = max(most, now)
    return most


def test_base_and_claim_are_checked_side_by_side(pa: Pa) -> None:
    ran = pa.task("--check", SLOW, worker=MEND, env={"AGENTPROXY_JOBS": "2"})
    assert (ran.code, most_at_once(ran)) == (0, 2)


def test_with_one_job_they_run_one_after_another(pa: Pa) -> None:
    ran = pa.task("--check", SLOW, worker=MEND, env={"AGENTPROXY_JOBS": "1"})
    assert (ran.code, most_at_once(ran)) == (0, 1)


def test_what_may_refute_runs_again_alone(pa: Pa) -> None:
    ran = pa.task(
        "--check", SLOW, "--max-rounds", "1", worker="echo >>calc.py", env={"AGENTPROXY_JOBS": "2"}
    )
    assert ran.code == 1
    again = [each for each in ran.records if each.get("data", {}).get("attempt") == 2]
    assert [each["kind"] for each in again] == ["check_started", "check_finished"] * 2


def test_what_took_long_at_the_base_may_take_longer_at_the_claim_beside_it(pa: Pa) -> None:
    slow = "if grep -q 'a + b' calc.py; then sleep 2.3; else sleep 1; exit 1; fi"
    settings = f'command = "{slow}"\nrole = "acceptance"\ntimeout = "2s"'
    pa.write({"agentproxy.toml": f"[checks.slow]\n{settings}\n"})
    pa.commit()
    ran = pa.task("--max-rounds", "1", worker=MEND, env={"AGENTPROXY_JOBS": "2"})
    assert (most_at_once(ran), ran.code) == (2, 0), ran.finding("slow")
