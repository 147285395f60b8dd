"""The supervisor's own model in a run: it plans, answers, judges and redirects."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentproxy.events.asked import ChangedTestsJudged
from agentproxy.events.contract import Criterion
from agentproxy.events.conversation import Image
from agentproxy.events.cost import Purpose
from agentproxy.events.plan import ContextsRead, ContextUsed, OpinionGiven, PlanMade
from agentproxy.events.requests import Request
from agentproxy.evidence.check_context import CheckContext
from agentproxy.models.port import Model, ModelError
from agentproxy.supervisor.contexts.at import contexts_at
from agentproxy.supervisor.contexts.reading import Contexts, read_contexts
from agentproxy.supervisor.llm.answers import SourcedAnswer, answer_question
from agentproxy.supervisor.llm.changed_tests import ChangedTests, judge_changed_tests
from agentproxy.supervisor.llm.judge import give_opinion
from agentproxy.supervisor.llm.plans import make_plan
from agentproxy.supervisor.llm.steering import steer
from agentproxy.supervisor.llm.structured_reply import Material
from agentproxy.supervisor.state import State
from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.objects import TreeEntry, list_tree

MAX_DIFF_BYTES = 4 << 20
# With whole files, a comment is recognized even if only its middle changed (decision 10).
WHOLE_FILES = "--unified=1000000"


@dataclass
class SupervisorModel:
    """The supervisor's model in one run."""

    state: State
    checks: CheckContext
    # None for a purpose: then nothing is planned, answered or judged.
    model: Callable[[Purpose], Model | None]
    images: Sequence[Image] = ()
    _contexts: Contexts | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def contexts(self) -> Contexts:
        """Returns the project's documents at the base and the session's notes. Reads them once."""
        async with self._lock:
            if self._contexts is None:
                self._contexts = await self._read()
            return self._contexts

    async def read_contexts(self) -> ContextsRead:
        found = await self.contexts()
        return ContextsRead(
            documents=tuple(
                ContextUsed(context=each.context, path=each.path, tokens=each.tokens)
                for each in found.documents
            ),
            notes=found.notes,
        )

    async def answer(self, request: Request) -> SourcedAnswer:
        """Answers a worker's question, or says why it cannot. Never raises ModelError."""
        model = self.model("answer")
        if model is None:
            return SourcedAnswer(why_not="the supervisor has no model to answer with (--judge)")
        try:
            return await answer_question(model, request, documents=await self._documents())
        except ModelError as error:
            return SourcedAnswer(why_not=f"{model.name} could not be asked: {error}")

    async def redirect(self, reason: str, recent: Sequence[str]) -> str:
        """Returns the message to a worker that makes no progress. Never raises ModelError."""
        try:
            return await steer(self.model("steer"), self.state, reason=reason, recent=recent)
        except ModelError:
            return await steer(None, self.state, reason=reason, recent=recent)

    async def plan(self) -> PlanMade:
        """Returns the task in parts.

        Raises:
            ModelError: the model does not answer.
        """
        paths = [os.fsdecode(entry.name) for entry in await self._entries()]
        found = await self.contexts()
        pictures = [
            Image(media_type=each.media_type, data=each.data)
            for each in found.documents
            if each.data
        ]
        return await make_plan(
            self._needed("plan"),
            self.state.require_order(),
            paths=[path for path in paths if path.isprintable()],
            documents=await self._documents(),
            images=[*self.images, *pictures],
        )

    async def judge(self, number: int, key: str) -> OpinionGiven:
        """Returns the judge's opinion on one criterion of the claim of a round.

        Raises:
            ModelError: the model does not answer.
        """
        state = self.state
        criterion = next(each for each in state.require_contract().criteria if each.id == key)
        return await give_opinion(
            self._needed("judge"),
            criterion.model_copy(update={"text": asked_of(criterion, state)}),
            number=number,
            diff=await self._diff(number),
        )

    async def judge_changed_tests(self, number: int, path: str) -> ChangedTestsJudged:
        """Returns the judge's answer whether the task asks for a change of an old test file.

        Raises:
            ModelError: the model does not answer.
        """
        return await judge_changed_tests(
            self._needed("judge"),
            ChangedTests(number, path, await self._diff(number, path)),
            task=self.state.require_contract().task,
        )

    async def _diff(self, number: int, *paths: str) -> str:
        diff = await git(
            "diff-tree",
            "-p",
            "-r",
            WHOLE_FILES,
            "--no-ext-diff",
            "--no-textconv",
            self.state.require_base().commit,
            self.state.claims[number].commit,
            "--",
            *paths,
            where=GitLocation(git_dir=self.checks.repository.git_dir),
            limit=MAX_DIFF_BYTES,
        )
        return diff.decode(errors="replace")

    def _needed(self, purpose: Purpose) -> Model:
        model = self.model(purpose)
        if model is None:
            raise ValueError(f"the run has no model to {purpose} with")
        return model

    async def _documents(self) -> list[Material]:
        found = await self.contexts()
        return [Material(each.path, each.text) for each in found.documents if each.text]

    async def _entries(self) -> Sequence[TreeEntry]:
        repository = self.checks.repository
        where = replace(repository.theirs, objects=repository.objects)
        return await list_tree(where, self.state.require_base().tree)

    async def _read(self) -> Contexts:
        repository, tree = self.checks.repository, self.state.require_base().tree
        entries = await self._entries()
        with tempfile.TemporaryDirectory(
            prefix="agentproxy-contexts-", dir=repository.scratch
        ) as folder:
            shared = await contexts_at(repository, tree, entries=entries, folder=Path(folder))
        session = await asyncio.to_thread(read_contexts, repository.root, kinds=("session",))
        return shared.plus(session)


def asked_of(criterion: Criterion, state: State) -> str:
    """Returns the text that the judge is asked about a criterion."""
    if not criterion.checks:
        return criterion.text
    # That a command passes is proven already, so the judge is asked about the task. A part's task
    # is the planner's text: it counts only for the earlier parts.
    earlier = {part.id: part.task for part in state.require_contract().parts[:-1]}
    return earlier.get(criterion.part, state.require_contract().task)
