"""Registries that a user's own files name: a build reaches them, and no other."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.environments import as_user, new_project
from support.front_door import Pa
from support.packages import new_tarball
from support.servers import answering

pytestmark = pytest.mark.slow

USES = (
    "const { add } = require('./calc.js')\nconst { one } = require('@corp/pad')\n"
    "require('node:test')('adds', () => { if (add(one, 2) !== 3) throw new Error('wrong') })\n"
)


@contextmanager
def serving(folder: Path) -> Generator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with answering(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_registry_of_a_scope_in_npmrc_is_reached(pa: Pa, tmp_path: Path) -> None:
    registry, home = tmp_path / "registry", tmp_path / "user"
    about = {"name": "@corp/pad", "version": "1.0.0"}
    files = {"package.json": json.dumps(about), "index.js": "exports.one = 1\n"}
    new_tarball(registry / "pad.tgz", files)
    new_project(
        pa,
        {
            "calc.js": "exports.add = (a, b) => a - b\n",
            "calc.test.js": USES,
            "package.json": json.dumps(
                {"scripts": {"test": "node --test"}, "dependencies": {"@corp/pad": "1.0.0"}}
            ),
        },
    )
    with serving(registry) as address:
        version = {**about, "dist": {"tarball": f"{address}/pad.tgz"}}
        listing = {
            "name": "@corp/pad",
            "dist-tags": {"latest": "1.0.0"},
            "versions": {"1.0.0": version},
        }
        (registry / "@corp").mkdir()
        (registry / "@corp/pad").write_text(json.dumps(listing))
        user = as_user(home, npm_config_offline="false")
        (home / ".npmrc").write_text(f"@corp:registry={address}/\n")
        ran = pa.task("--check", "npm test", worker="sed -i 's/a - b/a + b/' calc.js", env=user)
    assert ran.code == 0, (ran.result, ran.of_kind("environment_built"))
