"""Makes mutants in a process of its own, since parsers read source that anybody may have written.

Reads a `MutantRequest` as JSON from standard input, and writes a `MutantAnswer` as JSON.
"""

import base64
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.evidence.falsification.mutants.change_mutants import find_hunks
from agentproxy.evidence.falsification.mutants.code_under_test import (
    FunctionPlace,
    Mentions,
    Target,
    choose_targets,
    words_of,
)
from agentproxy.evidence.falsification.mutants.mutant_request import (
    MutantAnswer,
    MutantEdit,
    MutantRequest,
)
from agentproxy.evidence.falsification.mutants.mutants import Edit, FindEdits, spread
from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.evidence.falsification.stubs.parsers import PARSER_FAULTS, limit_parser, parser_of
from agentproxy.evidence.falsification.stubs.stub_request import StubFile
from agentproxy.evidence.falsification.stubs.stubs import Function, stub_functions
from agentproxy.text.added_lines import added_lines

MOST = 12
MOST_STUBS = 6
MOST_HUNKS = 6


@dataclass(frozen=True, slots=True)
class _MutatedFile:
    path: str
    source: bytes
    functions: Mapping[str, Function]


def main() -> None:
    """Answers one request."""
    limit_parser()
    request = MutantRequest.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.write(answer(request).model_dump_json())


def answer(request: MutantRequest) -> MutantAnswer:
    """The mutants of the code that the tests are about, or of the changes of the code; never raises
    for what is in the files.
    """
    if request.changes:
        return _of_changes(request.changes)
    mentions = _mentions(request)
    failed: dict[str, str] = {}
    files = _read(request, mentions, failed)
    places = [
        FunctionPlace(path, name)
        for path, file in files.items()
        for name, function in file.functions.items()
        if function.stub  # constants have none: a test is about what a function does
    ]
    targets = choose_targets(places, mentions)
    stubs = _by_turns([(target, _stub(files[target.place.path], target)) for target in targets])
    faults = {
        index: _edits_in(files[target.place.path], target) for index, target in enumerate(targets)
    }
    named = {str(index): edits for index, edits in faults.items()}
    others = [(targets[int(index)], edit) for index, edit in spread(named, most=2 * MOST)]
    chosen = [*stubs[:MOST_STUBS], *others]
    sound = [(target, edit) for target, edit in chosen if _is_sound(files[target.place.path], edit)]
    return MutantAnswer(
        mutants=tuple(_as_answer(target, edit) for target, edit in sound[:MOST]),
        tests=tuple(name for file in request.tests for name in _changed_tests(file)),
        failed=failed,
    )


def _of_changes(changes: Sequence[StubFile]) -> MutantAnswer:
    """Hunks that are put back, then faults in the lines of them."""
    hunks: list[MutantEdit] = []
    faults: dict[str, list[Edit]] = {}
    failed: dict[str, str] = {}
    files: dict[str, _MutatedFile] = {}
    for change in changes:
        before, after = base64.b64decode(change.before), base64.b64decode(change.after)
        try:
            functions = {each.name: each for each in parser_of(change.path)(after)}
        except PARSER_FAULTS as error:
            failed[change.path] = str(error)[:200]
            continue
        file = files[change.path] = _MutatedFile(change.path, after, functions)
        found = find_hunks(before, after)
        # The only change of a file is what the trial without the change takes back.
        if before and len(found) > 1:
            hunks += [_of_file(file, each.edit) for each in found if _is_sound(file, each.edit)]
        lines = {line for each in found for line in range(each.first, each.last + 1)}
        faults[change.path] = [edit for edit in _all_edits(file) if edit.line in lines]
    others = [
        _of_file(files[path], edit)
        for path, edit in spread(faults, most=2 * MOST)
        if _is_sound(files[path], edit)
    ]
    return MutantAnswer(mutants=tuple([*hunks[:MOST_HUNKS], *others][:MOST]), failed=failed)


def _of_file(file: _MutatedFile, edit: Edit) -> MutantEdit:
    around = [
        name
        for name, each in file.functions.items()
        if each.start < max(edit.end, edit.start + 1) and edit.start < each.end
    ]
    place = FunctionPlace(file.path, next(iter(around), ""))
    return _as_answer(Target(place, ""), edit)


def _all_edits(file: _MutatedFile) -> Sequence[Edit]:
    try:
        return _finder_of(file.path)(file.source)
    except PARSER_FAULTS:
        return []


def _mentions(request: MutantRequest) -> Mentions:
    sides = [(_decode(file.before), _decode(file.after)) for file in request.tests]
    added = [line for before, after in sides for line in added_lines(before, after)]
    whole = " ".join([*(after for _, after in sides), *(file.path for file in request.tests)])
    return Mentions(request.task, words_of(whole), words_of("\n".join(added)))


def _decode(text: str) -> str:
    return base64.b64decode(text).decode(errors="replace")


def _read(
    request: MutantRequest, mentions: Mentions, failed: dict[str, str]
) -> dict[str, _MutatedFile]:
    wanted = mentions.added | words_of(mentions.task)
    files: dict[str, _MutatedFile] = {}
    for code in request.code:
        source = base64.b64decode(code.text)
        # Most files of a project say nothing of it, and need no parser.
        if wanted.isdisjoint(words_of(source.decode(errors="replace"))):
            continue
        try:
            found = parser_of(code.path)(source)
        except PARSER_FAULTS as error:
            failed[code.path] = str(error)[:200]
        else:
            files[code.path] = _MutatedFile(code.path, source, {each.name: each for each in found})
    return files


def _stub(file: _MutatedFile, target: Target) -> Edit | None:
    function = file.functions[target.place.function]
    if "nothing" not in function.stub:
        return None
    line = file.source.count(b"\n", 0, function.start) + 1
    return Edit(
        kind="returns_nothing",
        line=line,
        start=function.start,
        end=function.end,
        new=function.stub["nothing"],
        text=f"{target.place.function} returns nothing",
    )


def _by_turns(stubs: Sequence[tuple[Target, Edit | None]]) -> list[tuple[Target, Edit]]:
    """First one for each thing that the task names, then the others."""
    seen: set[str] = set()
    first: list[tuple[Target, Edit]] = []
    later: list[tuple[Target, Edit]] = []
    for target, edit in stubs:
        if edit is not None:
            (later if target.about in seen else first).append((target, edit))
            seen.add(target.about)
    return first + later


def _edits_in(file: _MutatedFile, target: Target) -> list[Edit]:
    function = file.functions[target.place.function]
    inside = [edit for edit in _all_edits(file) if function.start <= edit.start < function.end]
    returns = [edit for edit in inside if edit.kind == "return_value"]
    # A function with one way out returns nothing in its stub already.
    return [edit for edit in inside if edit.kind != "return_value" or len(returns) > 1]


def _finder_of(path: str) -> FindEdits:
    language = language_of(path)
    if language == "python":
        from agentproxy.evidence.falsification.mutants.python_mutants import find_python_edits

        return find_python_edits
    if language is None:
        raise ValueError(f"no parser for {path}")
    from agentproxy.evidence.falsification.mutants.javascript_mutants import find_javascript_edits

    return lambda source: find_javascript_edits(source, language)


def _is_sound(file: _MutatedFile, edit: Edit) -> bool:
    """Whether the mutant can be parsed, and is not the code that was there."""
    try:
        mutated = parser_of(file.path)(edit.apply(file.source))
    except PARSER_FAULTS:
        return False
    before = [function.code for function in file.functions.values()]
    return [function.code for function in mutated] != before


def _as_answer(target: Target, edit: Edit) -> MutantEdit:
    return MutantEdit(
        path=target.place.path,
        function=target.place.function,
        about=target.about,
        kind=edit.kind,
        line=edit.line,
        text=edit.text,
        start=edit.start,
        end=edit.end,
        new=base64.b64encode(edit.new).decode(),
    )


def _changed_tests(file: StubFile) -> list[str]:
    """The functions of a test file that are new or changed; none where it cannot be parsed."""
    try:
        made = stub_functions(
            base64.b64decode(file.before),
            base64.b64decode(file.after),
            new="nothing",
            find_functions=parser_of(file.path),
        )
    except PARSER_FAULTS:
        return []
    return [f"{file.path}::{name.partition('#')[0]}" for name in made.functions]


if __name__ == "__main__":
    main()
