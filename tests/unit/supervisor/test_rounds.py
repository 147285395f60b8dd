"""Rounds are counted within a part of the plan, wherever a person or a worker reads them."""

from support.story import PREPARED, TESTS, after, claimed, contract, judged

from agentproxy.events.git_facts import Delivered
from agentproxy.events.plan import Part
from agentproxy.events.run import DecisionMade
from agentproxy.supervisor.brief import write_brief
from agentproxy.supervisor.packet import write_packet
from agentproxy.supervisor.state import State

PARTS = (Part(id="part 1", task="Parse"), Part(id="part 2", task="Print"))


def again(number: int) -> DecisionMade:
    return DecisionMade(round=number, decision="again", reason="")


def in_part_two() -> State:
    """Two rounds for the first part, one for the second, and the next has begun."""
    return after(
        *PREPARED[:4],
        contract(TESTS, parts=PARTS),
        PREPARED[5],
        *(claimed(1), judged("refuted", 1), again(1)),
        *(claimed(2), judged("verified", 2)),
        DecisionMade(round=2, decision="next_part", reason=""),
        *(claimed(3), judged("unverified", 3), again(3)),
        *(claimed(4), judged("verified", 4)),
    )


def test_the_brief_counts_as_the_limit_does_and_leaves_out_what_is_proven() -> None:
    brief = write_brief(in_part_two(), directory=".", claims_by="end")
    assert "This is round 2 of 3." in brief
    found = [line for line in brief.splitlines() if line.startswith("## Verdict on")]
    assert found == ["## Verdict on round 1: unverified"]


def test_the_brief_says_how_this_worker_claims() -> None:
    brief = write_brief(in_part_two(), directory=".", claims_by="wave a flag")
    assert "To claim that the task is done,\nwave a flag. Then the checks run" in brief


def test_the_packet_names_part_and_round() -> None:
    packet = write_packet(in_part_two(), Delivered(), run="r")
    assert "Run r, part 2 of 2, round 2 of 3." in packet
