"""A typed Python function as a tool: its schema comes from its annotations."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, create_model
from pydantic.errors import PydanticUserError

from agentproxy.models.port import ToolSpec
from agentproxy.tools.custom.tool import SECONDS, BadTool, CustomTool
from agentproxy.tools.port import Arguments, BadArguments, Bench

Function = Callable[..., object]


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may know of the conversation. A parameter of this type is filled in by us."""

    workspace: Path


def tool(
    *, name: str = "", read_only: bool = False, seconds: float = SECONDS
) -> Callable[[Function], CustomTool]:
    """Makes a tool of a function. Its docstring is what the model reads.

    Parameters need annotations; `Annotated[int, Field(description="...")]` describes one. A
    function that is not async runs in a thread. Raises BadTool.
    """

    def make(function: Function) -> CustomTool:
        return _tool(function, name=name, read_only=read_only, seconds=seconds)

    return make


def _tool(function: Function, *, name: str, read_only: bool, seconds: float) -> CustomTool:
    called = name or getattr(function, "__name__", "")
    contexts, model = _parameters(function, called)
    spec = ToolSpec(called, inspect.getdoc(function) or "", _schema(model, called))

    async def run(arguments: Arguments, bench: Bench) -> object:
        given = _validated(model, arguments)
        given |= dict.fromkeys(contexts, ToolContext(bench.tree))
        if inspect.iscoroutinefunction(function):
            return await function(**given)
        return await asyncio.to_thread(function, **given)

    return CustomTool(spec, run, read_only=read_only, seconds=seconds)


def _parameters(function: Function, called: str) -> tuple[list[str], type[BaseModel]]:
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # an annotation is any code
        raise BadTool(f"{called}: an annotation cannot be read: {error}") from error
    fields: dict[str, Any] = {}
    contexts: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise BadTool(f"{called}: the parameter {name} has no name for a model")
        if name not in hints:
            raise BadTool(f"{called}: the parameter {name} has no annotation")
        if hints[name] is ToolContext:
            contexts.append(name)
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints[name], default)
    try:
        model = create_model(called or "tool", __config__=ConfigDict(extra="forbid"), **fields)
    except (PydanticUserError, NameError, TypeError) as error:
        raise BadTool(f"{called}: {str(error).splitlines()[0]}") from error
    return contexts, model


def _schema(model: type[BaseModel], called: str) -> dict[str, JsonValue]:
    try:
        schema = cast("dict[str, JsonValue]", model.model_json_schema())
    except PydanticUserError as error:
        raise BadTool(f"{called}: {str(error).splitlines()[0]}") from error
    schema.pop("title", None)
    schema.setdefault("properties", {})
    return schema


def _validated(model: type[BaseModel], arguments: Mapping[str, JsonValue]) -> dict[str, object]:
    try:
        found = model.model_validate(dict(arguments))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadArguments(f"{place!r}: {first['msg']}") from None
    return {name: getattr(found, name) for name in model.model_fields}
