"""The page of all routes, without scripts and without anything from elsewhere. Pure."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Described = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


def docs_page(openapi: Described) -> str:
    """Returns the HTML of an OpenAPI document: its routes by their first tags."""
    title = escape(f"{openapi['info']['title']} {openapi['info']['version']}")
    lines = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width"></head><body>',
        f"<h1>{title}</h1>",
        '<p>The whole description, for programs: <a href="/openapi.json">/openapi.json</a></p>',
        *_by_tag(openapi),
        "</body></html>",
    ]
    return "\n".join(lines)


def _by_tag(openapi: Described) -> Iterator[str]:
    tags: dict[str, list[str]] = {each["name"]: [] for each in openapi.get("tags", ())}
    words = {each["name"]: each["description"] for each in openapi.get("tags", ())}
    for path, methods in openapi["paths"].items():
        for method in METHODS:
            if (route := methods.get(method)) is not None:
                shown = "\n".join(_route(method, path, route))
                tags.setdefault(route.get("tags", ["other"])[0], []).append(shown)
    for tag, routes in tags.items():
        yield f"<h2>{escape(tag)}</h2>"
        if tag in words:
            yield f"<p>{escape(words[tag])}</p>"
        yield from routes


def _route(method: str, path: str, route: Described) -> Iterator[str]:
    yield f"<h3><code>{method.upper()} {escape(path)}</code></h3>"
    # Some say nothing but their name again.
    if words := route.get("description") or route.get("summary"):
        yield f"<p>{escape(words)}</p>"
    fields = [_parameter(each) for each in route.get("parameters", ())]
    if fields:
        yield f"<ul>{''.join(fields)}</ul>"


def _parameter(given: Described) -> str:
    schema = given.get("schema", {})
    default = f", default {schema['default']!r}" if "default" in schema else ""
    kind = schema.get("type", "")
    words = f"{given['name']} ({given['in']}{', ' + kind if kind else ''}{default})"
    return f"<li><code>{escape(words)}</code></li>"
