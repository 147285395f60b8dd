"""Names what is missing in an OpenAPI document in JSON: python3 check_openapi.py FILE."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def problems(document: dict[str, Any]) -> Iterator[str]:
    if not str(document.get("openapi", "")).startswith("3."):
        yield "openapi: must be 3.x"
    for name in ("title", "version"):
        if not document.get("info", {}).get(name):
            yield f"info.{name}: missing"
    seen: set[str] = set()
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                where = f"{method.upper()} {path}"
                yield from (f"{where}: {each}" for each in _operation(path, item, method))
                name = str(item[method].get("operationId", ""))
                if name in seen:
                    yield f"{where}: the operationId {name} is there twice"
                seen.add(name)
    if not document.get("paths"):
        yield "paths: empty"
    yield from _references(document, document)


def _operation(path: str, item: dict[str, Any], method: str) -> Iterator[str]:
    operation = item[method]
    for name in ("operationId", "summary"):
        if not operation.get(name):
            yield f"{name} is missing"
    answers = operation.get("responses", {})
    if not any(str(code).startswith(("2", "3")) for code in answers):
        yield "no answer for success"
    if not any(str(code).startswith(("4", "default")) for code in answers):
        yield "no answer for an error"
    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
    told = {each.get("name") for each in parameters if each.get("in") == "path"}
    for name in re.findall(r"{([^}]+)}", path):
        if name not in told and not any("$ref" in each for each in parameters):
            yield f"the parameter {name} is not described"
    if method in ("get", "delete") and "requestBody" in operation:
        yield "has a body"


def _references(node: object, document: dict[str, Any]) -> Iterator[str]:
    if isinstance(node, dict):
        found = cast("dict[str, object]", node)
        target = found.get("$ref")
        if isinstance(target, str) and target.startswith("#/") and not _leads(target, document):
            yield f"{target}: leads nowhere"
        for value in found.values():
            yield from _references(value, document)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from _references(value, document)


def _leads(target: str, document: object) -> bool:
    here = document
    for part in target.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(here, dict) or name not in here:
            return False
        here = cast("dict[str, object]", here)[name]
    return True


if __name__ == "__main__":
    found = list(problems(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
    sys.stdout.write("\n".join(found or ["ok"]) + "\n")
    sys.exit(bool(found))
