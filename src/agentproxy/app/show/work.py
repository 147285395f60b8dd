"""Renders a worker's actions, the cost of models, and steering."""

from collections.abc import Iterator

from agentproxy.app.show.lines import MAX_SHOWN_PATHS, RenderedLine, renders
from agentproxy.events.agent import ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.plan import WorkerSteered
from agentproxy.events.work import NetworkRefused, WorkerEnded, WorkerStarted


@renders(WorkerStarted)
def _work_started(fact: WorkerStarted) -> Iterator[RenderedLine]:
    again = " again, after it was cut off" if fact.again else ""
    yield RenderedLine(f"round {fact.round}: the worker works{again}", "loud")
    for grant in fact.grants:
        yield RenderedLine(f"granted: {grant}", "unsure", 1)


@renders(ModelAnswered)
def _answered(fact: ModelAnswered) -> Iterator[RenderedLine]:
    for line in fact.message.text.strip().splitlines()[:MAX_SHOWN_PATHS]:
        yield RenderedLine(line, "plain", 1)


@renders(ModelAsked)
def _asked(fact: ModelAsked) -> Iterator[RenderedLine]:
    if fact.shortened:
        text = f"little money is left: the answer may have at most {fact.shortened:,} tokens"
        yield RenderedLine(text, "unsure", 1)


@renders(ModelSettled)
def _settled(fact: ModelSettled) -> Iterator[RenderedLine]:
    used = f"{fact.usage.input:,} tokens in, {fact.usage.output:,} out"
    if fact.error:
        yield RenderedLine(f"{fact.model} did not answer: {fact.error}", "unsure", 1)
    elif fact.purpose != "work":
        yield RenderedLine(
            f"{fact.model} was asked to {fact.purpose}: {money(fact)} ({used})", "quiet", 1
        )
    else:
        yield RenderedLine(f"{money(fact)} {fact.model} ({used})", "quiet", 1)


def money(fact: ModelSettled) -> str:
    return f"${fact.usd:.4f}" if fact.priced else "unknown price"


@renders(ToolStarted)
def _tool(fact: ToolStarted) -> Iterator[RenderedLine]:
    given = next((str(value) for value in fact.arguments.values()), "")
    yield RenderedLine(f"→ {fact.tool} {given.partition(chr(10))[0][:120]}".rstrip(), "quiet", 1)


@renders(ToolFinished)
def _tool_ended(fact: ToolFinished) -> Iterator[RenderedLine]:
    if fact.failed:
        yield RenderedLine(fact.text.partition("\n")[0][:200], "unsure", 2)


@renders(WorkerEnded)
def _work_ended(fact: WorkerEnded) -> Iterator[RenderedLine]:
    yield RenderedLine(f"the worker stopped: {fact.reason} ({fact.seconds:.1f} s)", "plain", 1)
    if fact.said_usd is not None and fact.paid_usd is not None:
        said_usd, paid_usd = f"${fact.said_usd:.4f}", f"${fact.paid_usd:.4f}"
        if said_usd != paid_usd:
            text = f"its program says that this cost {said_usd}; the relay paid {paid_usd}"
            yield RenderedLine(text, "unsure", 1)
    said = [line for line in fact.output.splitlines() if line.strip()]
    # Without a claim, the last output is the only explanation.
    for line in () if fact.claims else said[-MAX_SHOWN_PATHS:]:
        yield RenderedLine(line, "quiet", 2)


@renders(NetworkRefused)
def _refused(fact: NetworkRefused) -> Iterator[RenderedLine]:
    yield RenderedLine(f"network refused: {fact.host} {fact.reason}", "unsure", 1)


@renders(WorkerSteered)
def _steered(fact: WorkerSteered) -> Iterator[RenderedLine]:
    how = "delivered" if fact.heard else "not delivered"
    yield RenderedLine(f"the worker is not making progress: {fact.reason}", "unsure", 1)
    yield RenderedLine(f"message to the worker ({how}): {fact.text}", "plain", 2)
