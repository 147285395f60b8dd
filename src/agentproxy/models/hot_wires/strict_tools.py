"""Which tools OpenAI can hold a model to strictly; pure."""

from collections.abc import Mapping

from pydantic import JsonValue

MAX_DEPTH = 5
# What is not among these is sent as it is, and without the promise to be strict.
_READ = frozenset(
    {
        "type", "description", "title", "$schema", "default", "enum", "const", "properties",
        "required", "additionalProperties", "items", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "examples",
    }
)  # fmt: skip
_TYPED = ("type", "enum", "const")
Schema = Mapping[str, JsonValue]


class _Foreign(Exception):
    """The schema has a keyword that is not read here."""


def strict_schema(schema: Schema) -> tuple[Schema, bool]:
    """Returns the schema as it is sent, and whether the arguments can be held to it strictly.

    Strictly means: each object has exactly its named properties, and all of them.
    """
    try:
        return _read(schema, depth=1)
    except _Foreign:
        return schema, False


def _read(schema: JsonValue | Schema, *, depth: int) -> tuple[dict[str, JsonValue], bool]:
    if not isinstance(schema, Mapping) or not schema.keys() <= _READ:
        raise _Foreign
    found = {name: value for name, value in schema.items() if name not in ("title", "$schema")}
    strict = "default" not in found
    if found.get("type") == "object":
        strict = _read_object(found, depth=depth) and strict
    if found.get("type") == "array":
        strict = _read_array(found, depth=depth) and strict
    return found, strict and depth <= MAX_DEPTH


def _read_object(found: dict[str, JsonValue], *, depth: int) -> bool:
    properties = found.get("properties", {})
    required = found.get("required")
    if not isinstance(properties, dict):
        raise _Foreign
    strict = isinstance(required, list) and all(name in required for name in properties)
    read: dict[str, JsonValue] = {}
    for name, schema in properties.items():
        read[name], fits = _read(schema, depth=depth + 1)
        strict = strict and fits
    found["properties"] = read
    if found.get("additionalProperties") not in (None, False):
        if isinstance(found["additionalProperties"], dict):
            raise _Foreign
        return False
    found["additionalProperties"] = False
    return strict


def _read_array(found: dict[str, JsonValue], *, depth: int) -> bool:
    items = found.get("items")
    if not isinstance(items, dict):
        return False
    found["items"], strict = _read(items, depth=depth + 1)
    return strict and any(name in items for name in _TYPED)
