"""What our reporters for node write, line by line."""

import json

ROOT = "/home/me/lib"
START: dict[str, object] = {"kind": "start", "runner": "jest", "files": []}


def lines(*values: dict[str, object]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def a_test(title: str, state: str = "passed", **more: object) -> dict[str, object]:
    return {"kind": "test", "file": f"{ROOT}/a.test.js", "path": [title], "state": state, **more}


def end(passed: int, failed: int = 0, **more: object) -> dict[str, object]:
    return {"kind": "end", "passed": passed, "failed": failed, **more}
