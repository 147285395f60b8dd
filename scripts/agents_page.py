"""Writes the tables of docs/agents.md from the data; with --check it only compares."""

import sys
from pathlib import Path

from agentproxy.workers.known.table import KnownAgent, known_agents

PAGE = Path(__file__).resolve().parent.parent / "docs" / "agents.md"
FROM = "<!-- From here on written by scripts/agents_page.py from the data of `pa agents`. -->\n"


def section(name: str, agent: KnownAgent) -> str:
    table = agent.worker_table(name, program=f"/PATH/{agent.program}")
    how = "`make agents`" if agent.by == "make agents" else "hand"
    facts = [
        f"Install: `{agent.install}`. It {listed(agent.can)}, and asks its model by the wire "
        f"`{agent.wire}`. Tried by {how} with version {agent.tried} on {agent.on}.",
        *agent.notes,
    ]
    points = "\n".join(f"- {fact}" for fact in facts)
    return f"\n## {agent.title}: `{name}`\n\n{points}\n\n```toml\n{table}```\n"


def listed(can: tuple[str, ...]) -> str:
    nouns = {"subagents": "has subagents", "images": "reads images"}
    *most, last = [nouns.get(word, word) for word in can]
    return f"{', '.join(most)} and {last}" if most else last


def page(now: str) -> str:
    written = now.partition(FROM)[0]
    return written + FROM + "".join(section(*row) for row in known_agents().items())


def main() -> None:
    now = PAGE.read_text()
    if now == page(now):
        return
    if "--check" in sys.argv:
        sys.exit("docs/agents.md and the data differ: run python scripts/agents_page.py")
    PAGE.write_text(page(now))


if __name__ == "__main__":
    main()
