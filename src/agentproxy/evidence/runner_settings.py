"""Which files are settings of runners, and which of their parts decide what a check says. Pure."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import cast

from agentproxy.evidence.patching_tests import may_patch_others
from agentproxy.evidence.test_files import is_test_file

# A runner reads these wherever they are, so a claim can also add one to change the outcome.
_SETTINGS = re.compile(
    r"(?:.*/)?(?:"
    r"conftest\.py|\.?pytest\.(?:ini|toml)|tox\.(?:ini|toml)|setup\.cfg|pyproject\.toml"
    r"|noxfile\.py|hatch\.toml|(?:unittest|nose2)\.cfg|\.coveragerc|(?:site|user)customize\.py"
    r"|(?:_?pytest|unittest)\.py|(?:_?pytest|unittest)/.*"
    r"|\.?(?:ruff|mypy)\.(?:toml|ini)|pyrightconfig\.json|\.flake8|\.?pylintrc"
    r"|package\.json|\.npmrc|pnpm-workspace\.ya?ml|\.pnpmfile\.[cm]?js|\.yarnrc(?:\.yml)?"
    r"|bunfig\.toml|deno\.jsonc?|[tj]sconfig[^/]*\.json|(?:nx|turbo|lerna|project|jasmine)\.json"
    r"|\.(?:mocha|nyc|c8|tap|swc|babel|eslint|stylelint|jshint)rc[^/]*|\.eslintignore|biome\.jsonc?"
    r"|(?:jest|vitest|vite|ava|karma|playwright|cypress|eslint|babel|web-test-runner)"
    r"\.(?:config|workspace)\.[^/]*|(?:karma|wdio|nightwatch|protractor)\.conf\.[^/]*"
    r"|composer\.json|phpunit\.xml(?:\.dist)?|(?:phpspec|codeception|behat)\.ya?ml(?:\.dist)?"
    r"|Cargo\.toml|\.cargo/config(?:\.toml)?|\.?clippy\.toml|go\.(?:mod|work)|\.golangci\.ya?ml"
    r"|\.rspec|Rakefile|mix\.exs|\.busted"
    # These list packages in code or in markup, so a new one withholds a proof too.
    r"|pom\.xml|(?:build|settings)\.gradle(?:\.kts)?|gradle\.properties|\.mvn/.*|build\.sbt"
    r"|[^/]*\.(?:cs|fs|vb)proj|Directory\.Build\.(?:props|targets)|[^/]*\.runsettings"
    r"|CMakeLists\.txt|CTest[^/]*\.cmake|meson\.build|BUILD\.bazel|\.bazelrc"
    r"|(?:GNUm|[Mm])akefile|\.?[Jj]ustfile|Taskfile\.ya?ml|\.?mise\.toml|\.pre-commit-config\.yaml"
    r")"
)
# Node looks for these in the package.json that is nearest to a test.
_BESIDE_TESTS = re.compile(r"(?:.*/)?(?:tests?|__tests__|specs?)/package\.json")
_REDIRECTING = ("imports", "exports")
# Only the parts that run checks count, so that a new dependency does not withhold a proof.
_ABOUT_PACKAGES = ("poetry", "uv", "setuptools", "setuptools_scm")
_RUNNING = ("scripts", "jest", "mocha", "ava", "vitest", "c8", "nyc", "tap", "eslintConfig")
_RUST_PACKAGES = re.compile(r"(?:(?:dev|build)-)?dependencies|target|features|package|badges")
_DENO_PACKAGES = ("name", "version", "license", "exports", "imports", "scopes", "lock", "links")
# The rest of it is about registries.
_NPM_RUNNING = re.compile(
    r"^\s*(?:script-shell|shell|node-options|ignore-scripts|if-present|prefix|globalconfig)\b[^\n]*",
    re.MULTILINE,
)
_SECTIONS = re.compile(r"^\[(?!metadata\]|options[\].])[^\n]*\n(?:(?!\[)[^\n]*\n?)*", re.MULTILINE)
_PNPM_PACKAGES = (
    r"catalogs?|overrides|onlyBuiltDependencies|ignoredBuiltDependencies|patchedDependencies"
    r"|peerDependencyRules|minimumReleaseAge\w*|allowedDeprecatedVersions"
)
_PNPM_PARTS = re.compile(
    rf"^(?!(?:{_PNPM_PACKAGES})\s*:)[^\s#-][^\n]*\n?(?:(?:[ \t#-][^\n]*)?\n)*", re.MULTILINE
)
_GO_REPLACED = re.compile(r"^[^\n]*=>[^\n]*", re.MULTILINE)


def decides_by_settings(path: str) -> bool:
    """Whether a file is read by a runner wherever it is."""
    return _SETTINGS.fullmatch(path) is not None


def settings_changed(path: str, before: bytes | None, after: bytes | None) -> bool:
    """Whether a deciding file changes in a part that runs checks; None is a missing file.

    A new file of tests does where it may change what the others load.
    """
    if before is None and is_test_file(path) and not decides_by_settings(path):
        return may_patch_others(path, (after or b"").decode(errors="replace"))
    name = path.rpartition("/")[2]
    read_settings = _PARTS.get(name)
    if read_settings is None:
        return True
    try:
        if read_settings(before or b"") != read_settings(after or b""):
            return True
        return name in _WITH_IMPORTS and _redirects(path, before, after)
    except (ValueError, RecursionError):
        return True


def _redirects(path: str, before: bytes | None, after: bytes | None) -> bool:
    """Whether an old name leads to another file, or a new package.json beside tests gives one."""
    new = _table(json.loads(after or b"{}"))
    if before is None:
        return _BESIDE_TESTS.fullmatch(path) is not None and any(key in new for key in _REDIRECTING)
    old = _table(_table(json.loads(before)).get("imports"))
    imports = _table(new.get("imports"))
    return any(
        imports.get(name, value) != value for name, value in old.items() if _is_of_project(value)
    )


def _is_of_project(value: object) -> bool:
    return not isinstance(value, str) or value.startswith(".")


def _pyproject(text: bytes) -> object:
    tool = _table(_toml(text).get("tool"))
    return {name: value for name, value in tool.items() if name not in _ABOUT_PACKAGES}


def _package(text: bytes) -> object:
    package = _table(json.loads(text or b"{}"))
    return {name: package[name] for name in _RUNNING if name in package}


def _composer(text: bytes) -> object:
    return _table(json.loads(text or b"{}")).get("scripts")


def _deno(text: bytes) -> object:
    settings = _table(json.loads(text or b"{}"))
    return {name: value for name, value in settings.items() if name not in _DENO_PACKAGES}


def _bun(text: bytes) -> object:
    return {name: value for name, value in _toml(text).items() if name != "install"}


def _cargo(text: bytes) -> object:
    crate = _toml(text)
    workspace = _table(crate.pop("workspace", None))
    return (
        {name: value for name, value in crate.items() if not _RUST_PACKAGES.fullmatch(name)},
        _table(crate.get("package")).get("autotests"),
        [workspace.get(name) for name in ("members", "default-members", "exclude")],
    )


def _go(text: bytes) -> object:
    return _GO_REPLACED.findall(text.decode())


def _pnpm(text: bytes) -> object:
    return [part.rstrip() for part in _PNPM_PARTS.findall(text.decode())]


def _npmrc(text: bytes) -> object:
    return _NPM_RUNNING.findall(text.decode())


def _setup(text: bytes) -> object:
    return [section.rstrip() for section in _SECTIONS.findall(text.decode())]


def _toml(text: bytes) -> dict[str, object]:
    return tomllib.loads(text.decode())


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


_PARTS: Mapping[str, Callable[[bytes], object]] = {
    "pyproject.toml": _pyproject,
    "package.json": _package,
    "composer.json": _composer,
    "deno.json": _deno,
    "deno.jsonc": _deno,
    "bunfig.toml": _bun,
    "Cargo.toml": _cargo,
    "go.mod": _go,
    "pnpm-workspace.yaml": _pnpm,
    "setup.cfg": _setup,
    ".npmrc": _npmrc,
}
_WITH_IMPORTS = ("package.json", "deno.json", "deno.jsonc")
