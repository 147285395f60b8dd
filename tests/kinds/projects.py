"""Six kinds of project as their own tools make them, each with a bug and a worker that mends it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

WEIGH_PY = "def weigh(grams):\n    return grams - 1000\n"
TEST_PY = "import parcel\n\n\ndef test_weigh():\n    assert parcel.weigh(2000) == 2\n"
MEND_PY = """\
sed -i 's/grams - 1000/grams \\/\\/ 1000/' src/parcel/__init__.py
T=tests/test_parcel.py
printf '\\n\\ndef test_of_less():\\n    assert parcel.weigh(999) == 0\\n' >> $T
"""
WEIGH_JS = """\
const isOdd = require('is-odd');
exports.weigh = (grams) => grams - 1000;
exports.odd = (count) => isOdd(count);
"""
TEST_JS = """\
const test = require('node:test');
const assert = require('node:assert');
const { weigh, odd } = require('./parcel.js');
test('weighs', () => assert.equal(weigh(2000), 2));
test('odd', () => assert.equal(odd(3), true));
"""
TEST_JEST = """\
const { weigh, odd } = require('./parcel.js');
test('weighs', () => { expect(weigh(2000)).toBe(2); });
test('odd', () => { expect(odd(3)).toBe(true); });
"""
TEST_OF_A = """\
const test = require('node:test');
const assert = require('node:assert');
const { total } = require('./a.js');
test('totals', () => assert.equal(total([2000, 3000]), 5));
"""
MEND_JS = """\
cd "$(dirname "$(git ls-files '*parcel.js')")"
sed -i 's/grams - 1000/Math.floor(grams \\/ 1000)/' parcel.js
printf '\\ntest("weighs less", () => %s);\\n' "$LESS" >> parcel.test.js
"""
PYTHON_FILES = {"src/parcel/__init__.py": WEIGH_PY, "tests/test_parcel.py": TEST_PY}
NODE_FILES = {"parcel.js": WEIGH_JS, "parcel.test.js": TEST_JS, ".gitignore": "node_modules/\n"}
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "parcel"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["idna"]

[project.optional-dependencies]
test = ["pytest"]
"""


def package(*, test: str, wants: Mapping[str, str], **more: object) -> str:
    """A package.json."""
    about = {"name": "parcel", "version": "1.0.0", "scripts": {"test": test}, **more}
    return json.dumps({**about, "dependencies": wants}, indent=2) + "\n"


@dataclass(frozen=True)
class Kind:
    """One kind of project."""

    name: str
    tool: str  # of support.real_tools, or "" where the machine has it
    made: str  # how its author made it: a script, before the files are written
    files: Mapping[str, str]
    install: str  # what its author types in a fresh clone
    check: str  # what a person names
    mend: str = MEND_PY
    less: str = "assert.equal(weigh(999), 0)"  # an assertion of the worker's test
    locked: str = ""  # writes the lock, after the files are written
    env: Mapping[str, str] = field(default_factory=dict[str, str])


# A mirror may have the index alone, and not what else Poetry asks pypi.org for.
POETRY = (
    "poetry new --name parcel . && poetry source add --priority=primary index "
    '"$PIP_INDEX_URL/" && poetry add idna && poetry add --group dev pytest'
)
YARN_FILES = {
    **NODE_FILES,
    ".gitignore": "node_modules/\n.pnp.*\n.yarn/*\n",
    "package.json": package(test="node --test", wants={"is-odd": "3.0.1"}),
    "yarn.lock": "",
}
KINDS = (
    Kind(
        name="pip and venv",
        tool="",
        made=":",
        files={
            **PYTHON_FILES,
            "pyproject.toml": PYPROJECT,
            ".gitignore": ".venv/\n__pycache__/\n*.egg-info/\n",
        },
        install="python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]'",
        check="pytest",
    ),
    Kind(
        name="uv",
        tool="uv",
        made="uv init -q --lib --name parcel . && uv add -q idna && uv add -q --dev pytest",
        files=PYTHON_FILES,
        install="uv sync -q",
        check="uv run pytest",
    ),
    Kind(
        name="Poetry",
        tool="poetry",
        made=POETRY,
        files={**PYTHON_FILES, ".gitignore": "__pycache__/\n.pytest_cache/\n"},
        install="poetry install -q",
        check="poetry run pytest",
    ),
    Kind(
        name="Poetry, in the project",
        tool="poetry",
        made=POETRY,
        files={
            **PYTHON_FILES,
            ".gitignore": ".venv/\n__pycache__/\n",
            "poetry.toml": "[virtualenvs]\nin-project = true\n",
        },
        install="poetry install -q",
        check="pytest",
    ),
    Kind(
        name="npm, node:test",
        tool="",
        made=":",
        files={
            **NODE_FILES,
            "package.json": package(test="node --test", wants={"is-odd": "3.0.1"}),
        },
        locked="npm install --silent",
        install="npm ci --silent",
        check="npm test",
        mend=MEND_JS,
    ),
    Kind(
        name="npm, jest",
        tool="",
        made=":",
        files={
            **NODE_FILES,
            "parcel.test.js": TEST_JEST,
            "package.json": package(
                test="jest", wants={"is-odd": "3.0.1"}, devDependencies={"jest": "30.2.0"}
            ),
        },
        locked="npm install --silent",
        install="npm ci --silent",
        check="npm test",
        mend=MEND_JS,
        less="expect(weigh(999)).toBe(0)",
    ),
    Kind(
        name="pnpm workspace",
        tool="pnpm",
        made=":",
        files={
            ".gitignore": "node_modules/\n",
            "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
            "package.json": package(test="pnpm -r test", wants={}, private=True),
            "packages/a/package.json": package(
                test="node --test", wants={"parcel": "workspace:*"}, name="a"
            ),
            "packages/a/a.js": (
                "const { weigh } = require('parcel');\n"
                "exports.total = (list) => list.map(weigh).reduce((x, y) => x + y, 0);\n"
            ),
            "packages/a/a.test.js": TEST_OF_A,
            "packages/b/package.json": package(
                test="node --test", wants={"is-odd": "3.0.1"}, main="parcel.js"
            ),
            "packages/b/parcel.js": WEIGH_JS,
            "packages/b/parcel.test.js": TEST_JS,
        },
        locked="pnpm install --silent",
        install="pnpm install --silent",
        check="pnpm --filter a test",
        mend=MEND_JS,
    ),
    Kind(
        name="Yarn, Plug'n'Play",
        tool="yarn",
        made=":",
        files={**YARN_FILES, ".yarnrc.yml": "enableTelemetry: false\n"},
        locked="yarn install",
        install="yarn install",
        check="yarn test",
        mend=MEND_JS,
    ),
    Kind(
        name="Yarn, node_modules",
        tool="yarn",
        made=":",
        files={**YARN_FILES, ".yarnrc.yml": "nodeLinker: node-modules\n"},
        locked="yarn install",
        install="yarn install",
        check="yarn test",
        mend=MEND_JS,
    ),
)
