"""Refuses requests that make the vendor do more than answer; pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from agentproxy.models.relay.usage import WireFormat

Kinds = frozenset[str | None]
JsonObject = Mapping[str, object]

_DATA = re.compile(r"data:|[A-Za-z0-9+/=_\s-]*\Z", re.IGNORECASE)
# Names of addresses, and of files that the vendor keeps. Folded: some servers accept Image_URL too.
_ADDRESSES = frozenset({"url", "uri", "imageurl", "audiourl", "videourl", "fileurl", "filedata"})
_KEPT = frozenset({"fileid", "fileids", "containerid"})
_FILES = frozenset({"file", "inputaudio"})
_WITHIN = frozenset({"content", "output"})
_TOOL = "a tool that the worker does not run itself, of the kind"
_CONTENT = "content of the kind"
_SOURCES: Kinds = frozenset({"base64", "text", "content"})


class RequestRefused(Exception):
    """The relay answers a request itself, with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Rules:
    fields: frozenset[str]
    places: Sequence[str]  # the fields that hold content
    outer: Kinds  # the kinds of the outermost blocks of content
    parts: Kinds  # the kinds of blocks inside them
    tools: re.Pattern[str]  # the kinds of tools that the worker itself runs


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# A vendor also fetches addresses, searches, runs code and reads files that it keeps. Each of these
# is a network for a worker that has none. So whatever is not listed here is refused.
_RULES: dict[WireFormat, _Rules] = {
    "messages": _Rules(
        fields=_set("""
            cache_control context_management diagnostics inference_geo max_tokens messages metadata
            model output_config output_format service_tier speed stop_sequences stream system
            temperature thinking tool_choice tools top_k top_p
        """),
        places=("messages",),
        outer=frozenset({None}),
        parts=_set("""
            compaction document image redacted_thinking search_result server_tool_use text thinking
            tool_reference tool_result tool_search_tool_result tool_search_tool_result_error
            tool_search_tool_search_result tool_use
        """),
        tools=re.compile(
            r"(custom|(bash|text_editor|computer|memory)_\d{8}"
            r"|tool_search_tool_(bm25|regex)(_\d{8})?)?\Z"
        ),
    ),
    "chat": _Rules(
        fields=_set("""
            audio chat_template_kwargs enable_thinking format frequency_penalty function_call
            functions include_reasoning keep_alive logit_bias logprobs max_completion_tokens
            max_tokens messages metadata min_p modalities model moderation n options
            parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
            prompt_cache_retention provider reasoning reasoning_effort reasoning_format
            repetition_penalty response_format safety_identifier seed service_tier stop store
            stream stream_options temperature think thinking thinking_budget tool_choice tools
            top_k top_logprobs top_p transforms usage user verbosity
        """),
        places=("messages", "prediction"),
        outer=frozenset({None, "content"}),
        parts=_set("""
            audio_url file image_url input_audio reasoning refusal text thinking video_url
        """),
        tools=re.compile(r"(function|custom)\Z"),
    ),
    "responses": _Rules(
        fields=_set("""
            background client_metadata context_management conversation include input instructions
            max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls
            previous_response_id prompt_cache_key prompt_cache_options prompt_cache_retention
            reasoning safety_identifier service_tier store stream stream_options temperature text
            tool_choice tools top_logprobs top_p truncation user
        """),
        places=("input",),
        outer=_set("""
            apply_patch_call apply_patch_call_output compaction compaction_trigger computer_call
            computer_call_output custom_tool_call custom_tool_call_output function_call
            function_call_output item_reference local_shell_call local_shell_call_output message
            reasoning shell_call shell_call_output
        """)
        | {None},
        parts=_set("""
            computer_screenshot input_audio input_file input_image input_text output_text
            reasoning_text refusal text
        """)
        | {None},
        tools=re.compile(
            r"(function|custom|local_shell|apply_patch|computer|computer_use_preview)\Z"
        ),
    ),
}
_GEMINI_FIELDS = _set("""
    contents generationconfig labels model safetysettings systeminstruction toolconfig tools
""")
_GEMINI_PARTS = _set("""
    codeexecutionresult executablecode functioncall functionresponse inlinedata mediaresolution
    partmetadata text thought thoughtsignature videometadata
""")
_GEMINI_TOOLS = _set("computeruse functiondeclarations")


def check_reach(form: WireFormat, body: JsonObject) -> None:
    """Raises RequestRefused if the vendor may fetch, search, run or look up something."""
    if form == "gemini":
        _check_gemini(body)
    else:
        _check_body(body, _RULES[form])


def _check_body(body: JsonObject, rules: _Rules) -> None:
    for name in body:
        if name not in rules.fields:
            raise _unknown("the field", name)
    for place in rules.places:
        for each in objects(body.get(place)):
            _check_block(each, rules.outer, inner=rules.parts)
    for each in objects(body.get("system")):
        _check_block(each, rules.parts, inner=rules.parts)
    for tool in objects(body.get("tools")):
        _check_tool(tool, rules)


def _check_tool(tool: JsonObject, rules: _Rules) -> None:
    kind = tool.get("type")
    responses = rules is _RULES["responses"]
    if responses and kind == "namespace":
        for each in objects(tool.get("tools")):
            _check_tool(each, rules)
        return
    if not _is_own(tool, rules):
        raise _unknown(_TOOL, kind)


def is_own_tool(form: WireFormat, tool: JsonObject) -> bool:
    """Whether the worker runs a tool itself. Not for Gemini's wire."""
    return _is_own(tool, _RULES[form])


def own_kind(kind: str) -> bool:
    """Whether the worker runs tools of this kind itself, on Gemini's wire."""
    return fold(kind) in _GEMINI_TOOLS


def _is_own(tool: JsonObject, rules: _Rules) -> bool:
    kind = tool.get("type")
    local_shell = rules is _RULES["responses"] and kind == "shell" and _local(tool)
    return bool(rules.tools.match(str(kind or ""))) or local_shell


def _local(tool: JsonObject) -> bool:
    # A shell of another kind runs in a container at the vendor.
    return any(each.get("type") == "local" for each in objects(tool.get("environment")))


def _check_block(block: JsonObject, kinds: Kinds, *, inner: Kinds) -> None:
    kind = block.get("type")
    if not (kind is None or isinstance(kind, str)) or kind not in kinds:
        raise _unknown(_CONTENT, kind)
    for name, value in block.items():
        folded = fold(name)
        if folded in _WITHIN:
            for each in objects(value):
                _check_block(each, inner, inner=inner)
        elif folded == "source":
            _check_source(value, inner=inner, cited=kind == "search_result")
        elif folded in _ADDRESSES | _KEPT | _FILES:
            _check_file(folded, value)


def _check_source(source: object, *, inner: Kinds, cited: bool) -> None:
    if isinstance(source, dict):
        _check_block(cast("JsonObject", source), _SOURCES, inner=inner)
    elif not (cited and isinstance(source, str)):
        raise RequestRefused(403, "a source must hold its data: send it as base64 or text")


def _check_file(name: str, value: object) -> None:
    # Servers read the address of a file at several depths, so every depth is checked.
    if isinstance(value, dict):
        for below, each in cast("JsonObject", value).items():
            folded = fold(below)
            if folded in _ADDRESSES | _KEPT | {"data"} or isinstance(each, dict):
                _check_file(folded, cast("object", each))
    elif value is not None and (
        name in _KEPT or not isinstance(value, str) or not _DATA.match(value)
    ):
        raise RequestRefused(
            403, "the vendor would fetch this file: send it as a data: URL or as base64"
        )


def _check_gemini(body: JsonObject) -> None:
    for name, value in body.items():
        folded = fold(name)
        if folded not in _GEMINI_FIELDS:
            raise _unknown("the field", name)
        if folded in ("contents", "systeminstruction"):
            for content in objects(value):
                _check_parts(content)
        elif folded == "tools":
            for kind in (kind for tool in objects(value) for kind in tool):
                if not own_kind(kind):
                    raise _unknown(_TOOL, kind)


def _check_parts(content: JsonObject) -> None:
    parts = [part for name in content if fold(name) == "parts" for part in objects(content[name])]
    for kind, held in (named for part in parts for named in part.items()):
        folded = fold(kind)
        if folded not in _GEMINI_PARTS:
            raise _unknown(_CONTENT, kind)
        if folded == "functionresponse":
            for each in objects(held):
                _check_parts(each)


def _unknown(what: str, name: object) -> RequestRefused:
    shown = json.dumps(name[:60]) if isinstance(name, str) else "nothing"
    return RequestRefused(403, f"{what} {shown} is not passed on: a worker has no network")


def objects(value: object) -> Sequence[JsonObject]:
    """Returns the objects in a list of any depth, or a single object as a list."""
    if isinstance(value, list):
        return [found for each in cast("list[object]", value) for found in objects(each)]
    return [cast("JsonObject", value)] if isinstance(value, dict) else []


def fold(name: str) -> str:
    """Returns a name in small letters only, as the most tolerant server reads it."""
    return re.sub(r"[^a-z]", "", name.casefold())
