"""What a Python project requires, by requirement files, pyproject.toml, uv.lock and poetry.lock."""

import json
import posixpath
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from agentproxy.evidence.dependency_files import (
    OTHER_PYTHON_LISTS,
    PYTHON_LOCKS,
    REQUIREMENT_FILES,
)
from agentproxy.evidence.environments.recipe import Recipe, digest
from agentproxy.evidence.environments.untrusted_folder import Folder

if TYPE_CHECKING:
    from packaging.requirements import Requirement

WANTED_PARTS = ("test", "tests", "testing", "dev")

_ANY_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_INCLUDE = re.compile(r"(-r|-c|--requirement|--constraint)(?:[ =]\s*|(?<=-[rc]))([^\s#]+)")
_HASH = re.compile(r"\s+--hash[= ]\S+")
_OPTION = re.compile(r"\s--\S")
# pip takes a requirement with such a name for a file in the folder.
_ARCHIVES = (
    ".whl", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".xz", ".txz", ".lz", ".tlz", ".lzma",
)  # fmt: skip
MAX_REQUIREMENT_CHARACTERS = 4000

# The packages of the user's interpreter stay visible, such as a pytest of their own.
_VENV = "python3 -I -m venv --without-pip --system-site-packages .venv\n. .venv/bin/activate\n"
# An environment made by uv has no pip. To unpack one takes longer than most builds.
# -I: otherwise a pip.py or html.py in the tree would run in pip's place.
# To import pip takes a tenth of the time of `pip --version`; --python came with pip 22.3.
_PIP = """\
pip() { python -I -m pip --disable-pip-version-check --no-input "$@"; }
if ! python -I -c 'import pip' 2>/dev/null; then
  base=$(python -I -c 'import sys; print(sys._base_executable)'); here=$(command -v python)
  pip() { "$base" -I -m pip --python "$here" --disable-pip-version-check --no-input "$@"; }
  "$base" -I -c 'import pip, re, sys
sys.exit([int(n) for n in re.findall("[0-9]+", pip.__version__)[:2]] < [22, 3])' 2>/dev/null || {
    python -I -m ensurepip >/dev/null
    pip() { python -I -m pip --disable-pip-version-check --no-input "$@"; }
  }
fi
"""
# Prints the given names that are installed and that no other distribution requires.
_FREE = """
import importlib.metadata as m, re, sys
n = lambda t: re.sub(r'[-_.]+', '-', re.match(r'[A-Za-z0-9._-]*', t)[0]).lower()
needed = {n(r) for d in m.distributions() for r in d.requires or () if 'extra ==' not in r}
here = {n(d.metadata['Name'] or '') for d in m.distributions()}
print(*[w for w in sys.argv[1:] if w in here and w not in needed], sep='\\n')
"""
# Gives the environment the programs of packages that it only sees in the user's interpreter: run
# from there, pytest would not see the packages of the environment.
_PROGRAMS = """
import importlib.metadata as m, os, re, sys
for d in m.distributions():
    if re.sub(r'[-_.]+', '-', d.metadata['Name'] or '').lower() not in sys.argv[1:]:
        continue
    for e in d.entry_points:
        at = os.path.join(os.path.dirname(sys.executable), e.name)
        module, _, attr = e.value.split('[')[0].strip().partition(':')
        if e.group == 'console_scripts' and not os.path.lexists(at):
            with open(at, 'w') as f:
                f.write(f'#!{sys.executable}\\nimport {module}\\n')
                f.write(f'import sys\\nsys.exit({module}.{attr}())\\n')
            os.chmod(at, 0o755)
"""
_ALWAYS_WITH_PROGRAMS = ("pytest",)
_INSTALLED = "import importlib.metadata as m, sys; m.distribution(sys.argv[1])"


@dataclass(frozen=True, slots=True)
class _Asked:
    files: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()  # requirements of pyproject.toml
    extras: tuple[str, ...] = ()  # names of optional dependencies that tests may need
    groups: tuple[str, ...] = ()
    project: bool = False
    poetry: str = ""
    lock: str = ""

    @property
    def asks(self) -> tuple[str, ...]:
        # A constraint limits a version and requires nothing.
        asking = [line for line in self.lines if not line.startswith("-")]
        return tuple(
            sorted({name for text in (*asking, *self.declared) if (name := name_of(text))})
        )

    @property
    def needs(self) -> tuple[str, ...]:
        # A marker may leave a package out on this machine.
        asking = [line for line in self.lines if not line.startswith("-")]
        plain = [text for text in (*asking, *self.declared) if ";" not in text]
        return tuple(sorted({name for text in plain if (name := name_of(text))}))

    @property
    def strange(self) -> tuple[str, ...]:
        lines = [_HASH.sub("", line.removeprefix("-c ")) for line in self.lines]
        return tuple(text for text in (*lines, *self.declared) if not _names_registry_package(text))


def python_recipe(folder: Folder, place: str, *, path: str) -> Recipe | None:
    """Returns the recipe of a folder, or None where it requires nothing."""
    asked = _asked(folder, path=path)
    if not (asked.lines or asked.declared or asked.project or asked.lock):
        return None
    lock = folder.text(asked.lock) if asked.lock else ""
    return Recipe(
        ecosystem="python",
        directory=place,
        folder=".venv",
        files=tuple(name for name in (*asked.files, asked.lock) if name),
        asks=asked.asks,
        needs=(*asked.needs, *_itself(asked, folder)),
        statement=digest(
            (*asked.lines, *asked.declared, asked.poetry, _dumped(folder, "build-system"), lock)
        ),
        fresh=_VENV + _install(asked, renewing=False) + programs(asked.asks),
        renew=_install(asked, renewing=True),
        suffices=_suffices(asked, folder),
        strange=asked.strange,
        by_hand=_by_hand(asked),
        named=_named(folder, asked),
    )


def without_requirements(before: Recipe) -> Recipe:
    """Returns the recipe of a folder that requires nothing any more."""
    return Recipe(
        ecosystem=before.ecosystem,
        directory=before.directory,
        folder=before.folder,
        files=(),
        asks=(),
        statement="",
        fresh=_VENV,
        renew=":\n",
    )


def programs(names: Iterable[str]) -> str:
    """Returns the command that adds what programs of these packages an environment lacks."""
    wanted = shlex.join(sorted({*names, *_ALWAYS_WITH_PROGRAMS}))
    return f"python -I -c {shlex.quote(_PROGRAMS)} {wanted}\n"


def removal(dropped: Sequence[str]) -> str:
    """Returns the command that removes the packages that no other installed package requires."""
    free = f"free=$(python -I -c {shlex.quote(_FREE)} {shlex.join(dropped)})"
    return f'{_PIP}{free}\n[ -z "$free" ] || pip uninstall -q -y $free\n'


def _named(folder: Folder, asked: _Asked) -> frozenset[str]:
    lists = {*asked.files, *(name for name in OTHER_PYTHON_LISTS if folder.has(name))}
    texts = (*(folder.text(name) for name in sorted(lists)), *asked.lines, *asked.declared)
    from packaging.utils import canonicalize_name

    return frozenset(canonicalize_name(name) for text in texts for name in _ANY_NAME.findall(text))


def _asked(folder: Folder, *, path: str) -> _Asked:
    files = [name for name in REQUIREMENT_FILES if folder.has(name)]
    read: dict[str, None] = {}
    lines = [line for name in files for line in _lines(folder, name, read=read)]
    project = folder.toml("pyproject.toml", "project") is not None or folder.has("setup.py")
    poetry = folder.toml("pyproject.toml", "tool", "poetry")
    optional = folder.toml("pyproject.toml", "project", "optional-dependencies")
    groups = _table(folder.toml("pyproject.toml", "dependency-groups"))
    extras = [name for name in WANTED_PARTS if name in _table(optional)]
    declared = _texts(folder.toml("pyproject.toml", "project", "dependencies"))
    for name in extras:
        declared += _texts(_table(optional)[name])
    wanted_groups = [name for name in WANTED_PARTS if name in groups]
    for name in wanted_groups:
        declared += _of_group(groups, name, seen=set())
    if poetry is not None:
        files = [*files, "pyproject.toml"]
    elif project or groups:
        files += [name for name in ("pyproject.toml", "setup.py") if folder.has(name)]
    files += [name for name in read if name not in files]
    lock = next(
        (name for name, tool in PYTHON_LOCKS.items() if folder.has(name) and _is_on(tool, path)), ""
    )
    return _Asked(
        files=tuple(files),
        lines=tuple(lines),
        declared=tuple(declared),
        extras=tuple(extras),
        groups=tuple(wanted_groups),
        project=project or poetry is not None,
        poetry=_dumped(folder, "tool", "poetry"),
        lock=lock,
    )


def _is_on(tool: str, path: str) -> bool:
    return shutil.which(tool, path=path or None) is not None


def _install(asked: _Asked, *, renewing: bool) -> str:
    # A copy has the project already, and must keep what the user added to it by hand.
    if asked.lock == "uv.lock":
        parts = [f"--extra {name}" for name in asked.extras]
        parts += [f"--group {name}" for name in asked.groups]
        mode = "--inexact --no-install-project" if renewing else ""
        return f"uv sync -q --frozen --active {mode} {' '.join(parts)}".strip() + "\n"
    if asked.lock == "poetry.lock":
        return f"poetry install -q --no-interaction{' --no-root' if renewing else ''}\n"
    words = _for_pip(asked, project=not renewing)
    return f"{_PIP}pip install -q {shlex.join(words)}\n" if words else ""


def _by_hand(asked: _Asked) -> str:
    if asked.lock:
        return {"uv.lock": "uv sync", "poetry.lock": "poetry install"}[asked.lock]
    words = shlex.join(_for_pip(asked, project=True))
    return f"python3 -m venv .venv && .venv/bin/pip install {words}" if words else ""


def _for_pip(asked: _Asked, *, project: bool) -> list[str]:
    words = [word for name in REQUIREMENT_FILES if name in asked.files for word in ("-r", name)]
    if asked.project and project:
        words += ["-e", f".[{','.join(asked.extras)}]" if asked.extras else "."]
    return [*words, *(text for text in asked.declared if _is_for_pip(text))]


def _suffices(asked: _Asked, folder: Folder) -> str:
    # pip itself decides whether the interpreter has everything, without a network.
    words = [word for name in REQUIREMENT_FILES if name in asked.files for word in ("-r", name)]
    words += [text for text in asked.declared if _is_for_pip(text)]
    probe = (
        "python3 -I -m pip --isolated --disable-pip-version-check install -q --no-index --dry-run"
    )
    lines = [f"{probe} {shlex.join(words)}"] if words else []
    name = folder.toml("pyproject.toml", "project", "name")
    if _is_imported_as_installed(asked, folder):
        lines.append(f"python3 -I -c {shlex.quote(_INSTALLED)} {shlex.quote(str(name))}")
    return "".join(f"{line}\n" for line in lines)


def _is_imported_as_installed(asked: _Asked, folder: Folder) -> bool:
    # Tests cannot import a package below src/ unless it is installed or pytest adds the path.
    found_by_path = folder.toml("pyproject.toml", "tool", "pytest", "ini_options", "pythonpath")
    in_src = asked.project and folder.first("src", lambda _: True, deep=True)
    return bool(in_src) and found_by_path is None


def _itself(asked: _Asked, folder: Folder) -> tuple[str, ...]:
    """Returns the name of the project where its environment must have it installed."""
    name = folder.toml("pyproject.toml", "project", "name")
    is_built = folder.toml("pyproject.toml", "build-system") is not None
    stays_out = folder.toml("pyproject.toml", "tool", "poetry", "package-mode") is False
    if not is_built or stays_out or not isinstance(name, str):
        return ()
    return (name_of(name),) if name_of(name) and _is_imported_as_installed(asked, folder) else ()


def _lines(
    folder: Folder, name: str, *, read: dict[str, None], constrains: bool = False
) -> Iterator[str]:
    """Yields the requirements of a file and its includes; a constraint begins with `-c`."""
    # Files may include each other.
    if name in read:
        return
    read[name] = None
    for line in re.sub(r"\\\r?\n", " ", folder.text(name)).splitlines():
        bare = re.sub(r"(?:^|\s)#.*", "", line).strip()
        included = _INCLUDE.fullmatch(bare)
        inner = ""
        if included:
            inner = posixpath.normpath(posixpath.join(posixpath.dirname(name), included[2]))
        if included and folder.has(inner):
            only = constrains or included[1] in ("-c", "--constraint")
            yield from _lines(folder, inner, read=read, constrains=only)
        elif bare:
            yield f"-c {bare}" if constrains else bare


def _of_group(groups: dict[str, object], name: str, *, seen: set[str]) -> list[str]:
    found: list[str] = []
    # Groups may include each other.
    if name in seen:
        return found
    seen.add(name)
    items = groups.get(name)
    for item in cast("list[object]", items) if isinstance(items, list) else []:
        inner = _table(item).get("include-group")
        if isinstance(item, str):
            found += _texts([item])
        elif isinstance(inner, str):
            found += _of_group(groups, inner, seen=seen)
    return found


def _texts(value: object) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    texts = [item for item in items if isinstance(item, str) and item.isprintable()]
    # A text that begins with a dash would be an option of pip.
    return [text for text in texts if not text.lstrip().startswith("-")]


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _dumped(folder: Folder, *keys: str) -> str:
    value = folder.toml("pyproject.toml", *keys)
    # `default=str`: TOML has dates, and JSON has none.
    return "" if value is None else json.dumps(value, sort_keys=True, default=str)


def name_of(text: str) -> str:
    """Returns the normalised name in a requirement (PEP 508, 503), or "" where it is invalid."""
    from packaging.utils import canonicalize_name

    # Requirement files allow options behind a requirement, and PEP 508 does not.
    found = _requirement(_OPTION.split(text, maxsplit=1)[0])
    return canonicalize_name(found.name) if found is not None else ""


def _names_registry_package(text: str) -> bool:
    found = _requirement(text)
    return found is not None and not found.url and not found.name.lower().endswith(_ARCHIVES)


def _is_for_pip(text: str) -> bool:
    # pip also gets an invalid requirement, so that it reports the error. It never gets a path or
    # an address.
    return bool(name_of(text)) or (text[:1].isalnum() and "/" not in text)


def _requirement(text: str) -> "Requirement | None":
    # Imported here, since only a project with requirements needs the library.
    from packaging.requirements import Requirement

    if len(text) > MAX_REQUIREMENT_CHARACTERS:
        return None
    try:
        return Requirement(text.strip())
    except (ValueError, RecursionError):
        # Hostile: markers in a thousand brackets, versions of a thousand digits.
        return None
