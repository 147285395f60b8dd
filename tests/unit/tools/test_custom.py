"""Tools of strangers' packages: typed functions, definitions, and what is refused."""

import asyncio
import time
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import pytest
from pydantic import BaseModel, Field

from agentproxy.app.chat.toolbox import OUR_NAMES, ToolPorts, chat_tools
from agentproxy.conversation.face import CHAT
from agentproxy.events.run import ChildOrder
from agentproxy.tools.custom import BadTool, CustomTool, ToolBuilder, ToolContext, tool
from agentproxy.tools.custom.packages import load_tools
from agentproxy.tools.port import BadArguments, Bench, Tool, ToolOutcome
from agentproxy.tools.skills.library import SkillLibrary


class Place(BaseModel):
    city: str
    zone: int = 0


@tool()
async def weather(
    place: Place, days: Annotated[int, Field(ge=1, le=7, description="how many")] = 1
) -> str:
    """Tell the weather."""
    return f"{place.city} {place.zone} {days}"


@tool(name="where", read_only=True)
def where_am_i(context: ToolContext, form: Literal["short", "long"] = "short") -> str:
    """Tell where the workspace is."""
    return f"{form}: {context.workspace}"


def run(made: CustomTool, **arguments: Any) -> ToolOutcome:
    bench = cast("Bench", type("B", (), {"tree": Path("/w")}))
    made.permission(arguments)
    return asyncio.run(made.run(arguments, bench))


def test_the_schema_comes_from_the_annotations() -> None:
    assert weather.spec.name == "weather"
    assert weather.spec.description == "Tell the weather."
    schema = cast("dict[str, Any]", weather.spec.schema)
    assert schema["required"] == ["place"]
    assert schema["additionalProperties"] is False
    days = schema["properties"]["days"]
    assert (days["minimum"], days["maximum"], days["description"]) == (1, 7, "how many")
    # A model is not asked for what we fill in.
    assert set(cast("dict[str, Any]", where_am_i.spec.schema)["properties"]) == {"form"}


def test_a_function_gets_typed_arguments_and_the_workspace() -> None:
    assert run(weather, place={"city": "Bern"}, days=3) == ToolOutcome("Bern 0 3")
    assert run(where_am_i) == ToolOutcome("short: /w")
    assert where_am_i.read_only
    assert not weather.read_only


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "'place' is missing"),
        ({"place": {"city": "x"}, "day": 1}, "'day' is no argument"),
        ({"place": {"city": "x"}, "days": 9}, "'days': Input should be less"),
        ({"place": {"town": "x"}}, "'place.city': Field required"),
        ({"place": "x"}, "'place': Input should be a valid dictionary"),
    ],
)
def test_arguments_that_do_not_fit_never_reach_the_function(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadArguments, match=words.replace("(", r"\(")):
        run(weather, **arguments)


def failing(error: BaseException) -> Callable[[], None]:
    def raising() -> None:
        """Fail."""
        raise error

    return raising


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no ink"), "no ink"),
        (ValueError(), "ValueError"),
        (TimeoutError(), "TimeoutError"),
        (SystemExit(3), "3"),
        (RecursionError("deep"), "deep"),
    ],
)
def test_what_a_tool_raises_fails_its_call_and_nothing_else(
    error: BaseException, words: str
) -> None:
    outcome = run(tool()(failing(error)))
    assert outcome == ToolOutcome(f"Error: Error executing tool raising: {words}", failed=True)


def test_a_tool_that_hangs_is_given_up() -> None:
    @tool(seconds=0.1)
    async def hang() -> str:
        """Hang."""
        await asyncio.sleep(60)
        return ""

    @tool(seconds=0.1)
    def block() -> str:
        """Block."""
        time.sleep(0.5)
        return ""

    for made in (hang, block):
        outcome = run(made)
        assert outcome.failed
        assert "did not end within 0.1 seconds" in outcome.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "(no output)"),
        ("", "(no output)"),
        ({"a": 1}, '{"a":1}'),
        ([Place(city="x")], '[{"city":"x","zone":0}]'),
        (b"\xff\xff", '"__8="'),
        (object, None),
    ],
)
def test_a_result_becomes_text(value: object, text: str | None) -> None:
    def give() -> object:
        """Give."""
        return value

    outcome = run(tool()(give))
    assert text is None or outcome == ToolOutcome(text)


def test_a_huge_result_is_bounded() -> None:
    @tool()
    def much() -> str:
        """Give much."""
        return "x" * 1_000_000

    assert len(run(much).text) < 50_100


def without_words(x: int) -> str:
    return str(x)


def written(text: str) -> Callable[..., str]:
    """A function that no type checker has seen."""
    found: dict[str, Any] = {}
    exec(text, found)
    return cast("Callable[..., str]", found["f"])


without_type = written('def f(x): "Words."')
with_strange_type = written('def f(x: "Nowhere"): "Words."')


def with_rest(*rest: int) -> str:
    """Words."""
    return str(rest)


def with_a_file(x: Callable[[], int]) -> str:
    """Words."""
    return str(x)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (without_words, "no description"),
        (without_type, "the parameter x has no annotation"),
        (with_rest, "the parameter rest has no name"),
        (with_strange_type, "an annotation cannot be read"),
        (with_a_file, "with_a_file: Cannot generate"),
        (lambda: "", "is no name"),
    ],
)
def test_a_function_that_is_no_tool_is_refused(function: Callable[..., str], words: str) -> None:
    with pytest.raises(BadTool, match=words):
        tool()(function)


SCHEMA = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}


def definition(**changed: object) -> dict[str, Any]:
    return {"name": "echo", "description": "Echo.", "input_schema": SCHEMA, **changed}


async def echo(args: dict[str, Any], **kwargs: Any) -> str:
    return f"{args['x']} in {kwargs['workspace']}"


def test_a_definition_with_its_handler_is_a_tool() -> None:
    registry = ToolBuilder()
    registry.register("echo", definition(), echo)
    (made,) = registry.tools
    assert run(made, x="hello") == ToolOutcome("hello in /w")
    with pytest.raises(BadArguments, match="'x' is missing"):
        run(made)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "other"}, "a definition has"),
        ({"parameters": {}}, "a definition has"),
        ({"description": ""}, "no description"),
        ({"description": None}, "the description is a text"),
        ({"description": "x" * 5000}, "more than 4000"),
        ({"input_schema": []}, "the description is a text"),
        ({"input_schema": {"type": "string"}}, "must have"),
        ({"input_schema": {"type": "object"}}, "must have"),
        ({"input_schema": {**SCHEMA, "required": ["y"]}}, "among the properties"),
        ({"input_schema": {**SCHEMA, "default": {1, 2}}}, "not JSON"),
        ({"input_schema": {**SCHEMA, "title": "x" * 60_000}}, "more than 50000"),
    ],
)
def test_a_bad_definition_is_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(BadTool, match=words):
        ToolBuilder().register("echo", definition(**changed), echo)


@pytest.mark.parametrize("name", ["", "a b", "mcp__x__y", "1st", "x" * 65, "ü"])
def test_a_name_that_vendors_do_not_take_is_refused(name: str) -> None:
    with pytest.raises(BadTool, match="is no name"):
        ToolBuilder().register(name, definition(name=name), echo)


def leave(_registry: ToolBuilder) -> None:
    raise SystemExit(1)


def twice(registry: ToolBuilder) -> None:
    registry.add(weather)
    registry.add(weather)


GROUP = "agentproxy.tools"
HERE = "agentproxy_example_tools"


def test_a_package_that_is_broken_costs_nobody_elses_tools(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys
    import types

    module = types.ModuleType(HERE)
    module.__dict__.update(weather=weather, both=[where_am_i], twice=twice, number=5, stop=leave)
    monkeypatch.setitem(sys.modules, HERE, module)
    points = [
        EntryPoint(name, f"{HERE}:{attribute}", GROUP)
        for name, attribute in (
            ("a", "weather"),
            ("b", "both"),
            ("c", "twice"),
            ("d", "number"),
            ("e", "missing"),
            ("f", "stop"),
        )
    ]
    points.append(EntryPoint("g", "no_such_package_anywhere:x", GROUP))
    found = load_tools(points, taken=["bash", "where"])
    assert [each.spec.name for each in found.tools] == ["weather"]
    assert [each.split(" ")[0] for each in found.problems] == ["b", "c", "d", "e", "f", "g"]
    assert "where is the name of a tool of Agent Proxy" in found.problems[0]
    assert "weather is there already" in found.problems[1]


@pytest.mark.parametrize("name", ["idle", "submit_plan", "shutdown_response", "bash", "think"])
def test_a_tool_of_a_package_cannot_take_a_name_that_has_rights(name: str) -> None:
    with pytest.raises(BadTool, match="of Agent Proxy"):
        ToolBuilder(OUR_NAMES).register(name, definition(name=name), echo)


class Nothing:
    """No tools from outside."""

    def tools(self) -> Sequence[Tool]:
        return ()

    def why_missing(self, name: str) -> str:
        return f"{name} was never there"


def test_the_names_of_all_tools_of_ours_are_taken() -> None:
    state = CHAT.new_state()
    state.order = ChildOrder(
        model="m", workspace="/w", root="r", role="teammate", name="ann", task="t"
    )
    skills, nothing = SkillLibrary(Path("/nowhere")), Nothing()
    for each in (state, CHAT.new_state()):
        tools = chat_tools(skills, each, run="", ports=ToolPorts(nothing))
        assert set(tools.names) <= OUR_NAMES
