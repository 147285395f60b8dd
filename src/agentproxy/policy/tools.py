"""The rules of programs that build, test and install, and of interpreters."""

import re
from dataclasses import replace

from agentproxy.policy.calls import ProgramCall, hides_options, names, pathlike
from agentproxy.policy.rulings import Allow, Refer, Ruling, strictest
from agentproxy.policy.shell import ShellWord

BUILDERS = names(
    "pytest py.test tox nox mypy pyright basedpyright ruff black isort flake8 pylint coverage",
    "bandit",
    "pre-commit vulture deptry lint-imports codespell pyupgrade autoflake djlint sphinx-build",
    "mkdocs",
    "eslint prettier biome tsc tsx ts-node jest vitest mocha ava c8 nyc playwright cypress webpack",
    "vite",
    "rollup esbuild turbo nx next stylelint oxlint markdownlint rustc rustfmt gofmt golangci-lint",
    "staticcheck gcc g++ cc c++ clang clang++ clang-format clang-tidy ld ar nm objdump ninja meson",
    "cmake ctest bazel javac java kotlinc scalac swiftc ghc stack cabal rspec rubocop phpunit",
    "phpstan",
    "shellcheck shfmt hadolint yamllint actionlint protoc buf alembic bats dune ocaml zig nim",
)
GOALS = names("make gmake rake just task mvn mvnw gradle gradlew sbt ant dotnet swift mix composer")
RISKY_GOAL = re.compile(
    r"(?:^|[:._-])(?:publish|deploy|release|upload|push|install|uninstall|login|restore|add|update"
    r"|require|nuget|hex|archetype|wrapper|exec)",
    re.IGNORECASE,
)
OUTPUTS = (
    "-o",
    "--output",
    "--outdir",
    "--out",
    "--outfile",
    "--out-dir",
    "--target-dir",
    "--prefix",
)
SUBCOMMANDS = {
    "npm": names(
        "test t tst run run-script start ls list ll explain why root bin help --version -v"
    ),
    "pnpm": names("test t run start ls list why root bin help --version -v lint build typecheck"),
    "yarn": names("test run start list why help --version -v lint build typecheck check format"),
    "bun": names("test run build --version -v"),
    "deno": names("test check lint fmt info doc types --version"),
    "cargo": names(
        "build b check c test t clippy fmt run r bench doc tree metadata clean nextest version",
        "help",
        "locate-project rustc expand pkgid --version -V",
    ),
    "go": names("build test vet fmt run list doc version tool generate clean help fix"),
    "pip": names("list show freeze check help --version -V inspect"),
    "uv": names("tree version help --version -V"),
    "poetry": names("show check version env --version"),
    "pdm": names("list show info --version"),
    "hatch": names("test fmt version --version"),
    "bundle": names("list show check info version --version"),
    "rustup": names("show which --version"),
    "gem": names("list which environment --version"),
}
ALIASES = {"pip3": "pip", "npm.cmd": "npm", "bunx": "npx", "pnpx": "npx", "pipenv": "poetry"}
RUNNERS = {
    "uv": ("run",),
    "poetry": ("run",),
    "pipenv": ("run",),
    "pdm": ("run",),
    "hatch": ("run",),
    "bundle": ("exec",),
    "npm": ("exec", "x"),
    "pnpm": ("exec",),
    "yarn": ("exec",),
}
VALUED_RUN = names("--with --extra --group --python -p --project --package --env-file --index")
INLINE = {
    "python": "c",
    "node": "ep",
    "ruby": "e",
    "perl": "eEmMx",
    "php": "rBRE",
    "lua": "e",
    "Rscript": "e",
    "tclsh": "c",
    "bun": "e",
}
INLINE_LONG = ("--eval", "--print", "--run", "--interactive")
ASKED_MODULES = names("http.server twine webbrowser ftplib telnetlib smtplib smtpd code pdb site")
SELF_CONTAINED = ("--version", "-V", "-v", "-VV", "--help", "-h", "--test", "-l")


def builder(call: ProgramCall) -> Ruling:
    """Rules on programs that work on the tree, unless an argument leads out of it."""
    if hides_options(call.args):
        return Refer(f"the options of {call.name} are unknown")
    outputs = [
        call.args[place + 1]
        for place, text in enumerate(call.texts[:-1])
        if text in OUTPUTS or (text.startswith("--out") and "=" not in text)
    ]
    named = [word for word in call.args if word.text.startswith(OUTPUTS) and "=" in word.text]
    values = ProgramCall(call.name, tuple(named), call.where).values()
    settings = [_value(word) for word in call.args]
    return strictest(
        [
            call.writes(pathlike([*outputs, *values])),
            call.reads(pathlike([*call.positionals(), *call.values(), *settings])),
        ]
    )


def _value(word: ShellWord) -> ShellWord:
    value = word.text.partition("=")[2]
    # In `name=~/x`, bash replaces the `~` by the home.
    return replace(word, text=value, home=value.startswith("~"))


def goals(call: ProgramCall) -> Ruling:
    """Rules on programs that run named goals, such as `make`."""
    if call.has("--eval", "--init-script", "-I"):
        return Refer(f"{call.name} with code on the command line or from another folder")
    for word in call.positionals(valued="fCj"):
        if RISKY_GOAL.search(word.text):
            return Refer(f"{call.name} {word.text[:40]!a} may install or publish")
    return builder(call)


def packages(call: ProgramCall) -> Ruling:
    """Rules on package tools: they may build and test, but not install or publish."""
    name = ALIASES.get(call.name, call.name)
    if hides_options(call.args):
        return Refer(f"the options of {name} are unknown")
    place = next((at for at, text in enumerate(call.texts) if not text.startswith("-")), None)
    if place is None:
        plain = all(text in ("--version", "-v", "-V", "--help", "-h") for text in call.texts)
        return Allow() if plain and call.args else Refer(f"{name} may install packages")
    # The value of an option may be taken for the subcommand here. Then a person is asked.
    return _subcommand(ProgramCall(name, call.args, call.where), place)


def _subcommand(call: ProgramCall, place: int) -> Ruling:
    told = call.texts[place]
    rest = ProgramCall(call.name, call.args[place + 1 :], call.where)
    if told in RUNNERS.get(call.name, ()):
        return _run(rest)
    if call.name == "uv" and told == "pip":
        return packages(ProgramCall("pip", rest.args, call.where))
    if told not in SUBCOMMANDS[call.name] or (call.name == "go" and _is_fetched(rest)):
        return Refer(f"{call.name} {told[:40]!a} may install, publish or reach others")
    if told in ("run", "run-script") and call.name in ("npm", "pnpm", "yarn", "bun"):
        return goals(rest)
    return builder(ProgramCall(call.name, call.args[:place] + rest.args, call.where))


def _is_fetched(call: ProgramCall) -> bool:
    # `go run example.com/x` and `go run x@v1` fetch a package.
    named = (word.text for word in call.positionals())
    return any("@" in text or re.match(r"[\w-]+(?:\.[\w-]+)+/", text) for text in named)


def npx(call: ProgramCall) -> Ruling:
    told = call.positionals()
    first = told[0].text if told else ""
    if first in BUILDERS and not call.has("-p", "--package", "-c", "--call"):
        return builder(ProgramCall(first, call.args, call.where))
    return Refer(f"{call.name} may fetch a program and run it")


def interpreter(call: ProgramCall) -> Ruling:
    """Rules on interpreters: they may run files of the tree, but no code on the command line."""
    language = re.sub(r"[0-9.]+w?$", "", call.name)
    letters = INLINE.get(language, "ce")
    for place, word in enumerate(call.args):
        text = word.text
        if text == "-" or not text.startswith("-"):
            return _script(call, place)
        bundle = "" if text.startswith("--") else text[1:]
        if language == "python" and re.fullmatch(r"[bBdEhiIOqsSuvVxP]*m.*", bundle):
            return _module(call, place, glued=bundle.partition("m")[2])
        if set(bundle) & set(letters) or call.has(*INLINE_LONG):
            return Refer(f"{call.name} with code on the command line")
        if language == "python" and bundle in ("W", "X"):
            return Refer(f"{call.name} with options that are not judged")
    if any(text in SELF_CONTAINED for text in call.texts):
        return builder(call)
    return Refer(f"{call.name} reads its program from elsewhere")


def _script(call: ProgramCall, place: int) -> Ruling:
    word = call.args[place]
    if word.text == "-" or not call.owns(word):
        return Refer(f"{call.name} runs a program from outside the tree")
    return builder(call)


def _module(call: ProgramCall, place: int, *, glued: str) -> Ruling:
    rest = call.args[place + 1 :]
    module, rest = (glued, rest) if glued else (rest[0].text if rest else "", rest[1:])
    if not re.fullmatch(r"[A-Za-z0-9_.]+", module) or module in ASKED_MODULES:
        return Refer(f"{call.name} -m {module[:40]!a} is not judged")
    if module in SUBCOMMANDS:
        return packages(ProgramCall(module, rest, call.where))
    return builder(ProgramCall(module, rest, call.where))


def _run(call: ProgramCall) -> Ruling:
    words = list(call.args)
    while words and words[0].text.startswith("-"):
        option = words.pop(0).text
        if option in VALUED_RUN and words:
            words.pop(0)
        elif option not in (
            "--",
            "-q",
            "--quiet",
            "--frozen",
            "--locked",
            "--no-sync",
            "--offline",
        ):
            return Refer(f"{call.name} run {option[:40]!a} is not judged")
    if call.has("--with"):
        return Refer(f"{call.name} may install packages")
    return call.inner(tuple(words)) if words else Refer(f"{call.name} run without a command")
