"""Which added files are loaded by tests in the place of other modules of the same name. Pure.

Such a file can pass every test while the code that is delivered stays as it was.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentproxy.evidence.doubts.required import spelled
from agentproxy.evidence.test_files import is_test_file
from agentproxy.evidence.verdict_text import list_names

MAX_MODULES = 1000
MAX_NEIGHBOURS = 50
_MODULE = re.compile(r"(?P<stem>[^/.]+)\.(?:py|pyc|(?:[\w-]+\.)?(?:so|pyd))")
_COLLECTED = re.compile(r"(?:test.*|.*_tests?|conftest)\.py")
# A package that is installed under another name than that which is imported.
_INSTALLED_AS = {
    "yaml": "pyyaml",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "sklearn": "scikit-learn",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "jwt": "pyjwt",
    "git": "gitpython",
    "attr": "attrs",
    "Crypto": "pycryptodome",
    "serial": "pyserial",
}

Names = Mapping[tuple[str, str], str]  # a path of each module by its folder and its name


@dataclass(frozen=True, slots=True)
class Module:
    """An added Python module that tests find by its bare name, in the folder that they search
    first. `others` are the modules of this name in other folders, each with its folder.
    """

    path: str
    folder: str
    name: str
    others: Mapping[str, str]
    neighbours: Collection[str]  # other modules of the folders of `others`
    is_folder: bool = False  # the base has a folder of this name here, with code in it

    @property
    def installed_as(self) -> tuple[str, ...]:
        """The names that a list of requirements may have for it."""
        return tuple({spelled(self.name), spelled(_INSTALLED_AS.get(self.name, self.name))})


def find_added_names(
    added: Iterable[str], *, before: Collection[str], after: Collection[str]
) -> Names:
    """The names that added modules have when their folder is searched, wherever they are; `before`
    and `after` are the paths of plain files at the base and at the claim.
    """
    packages = _packages(after)
    new: dict[tuple[str, str], str] = {}
    for path in sorted(added):
        # A link to a folder is a package with the name of the link.
        found = _top_of(path if path in after else f"{path.removesuffix('.py')}.py", packages)
        collected = _COLLECTED.fullmatch(path.rpartition("/")[2])
        if found and not collected and found[1].isidentifier():
            new.setdefault(found, path)
    if not new:
        return {}
    known = _modules(before, _packages(before), kept=after)
    return {place: path for place, path in new.items() if place not in known}


def find_added_modules(
    names: Names, *, before: Collection[str], after: Collection[str]
) -> Sequence[Module]:
    """The added modules of these names."""
    if not names:
        return ()
    known = _modules(before, _packages(before), kept=after)
    folders: dict[str, set[str]] = defaultdict(set)
    for folder, name in known:
        folders[folder].add(name)
    return [
        _module(path, folder, name, known=known, folders=folders, before=before)
        for (folder, name), path in list(names.items())[:MAX_MODULES]
    ]


def _module(
    path: str,
    folder: str,
    name: str,
    *,
    known: Mapping[tuple[str, str], str],
    folders: Mapping[str, Collection[str]],
    before: Collection[str],
) -> Module:
    others = {place: known[place, name] for place in folders if (place, name) in known}
    beside = sorted({each for place in others for each in folders[place]} - {name})
    inner = f"{folder}/{name}/".removeprefix("/")
    is_folder = any(each.startswith(inner) and each.endswith(".py") for each in before)
    return Module(path, folder, name, others, beside[:MAX_NEIGHBOURS], is_folder)


def names_to_find(modules: Iterable[Module]) -> Collection[str]:
    """The names whose imports at the base say which modules are replaced."""
    return {name for each in modules for name in (each.name, *each.neighbours)}


def find_shadows(
    modules: Iterable[Module],
    imports: Mapping[str, Collection[str]],
    *,
    task: str,
    required: Collection[str],
) -> Iterator[tuple[str, str]]:
    """Paths of modules, each with what it replaces, in words.

    `imports` has the files of the base that import each name, `required` the names that lists of
    requirements have.
    """
    for each in modules:
        importers = sorted(imports.get(each.name, ()))
        what = _replaced(each, importers, imports=imports, task=task, required=required)
        if importers and what:
            yield each.path, f"{what} by {list_names(importers)}"


def _replaced(
    module: Module,
    importers: Sequence[str],
    *,
    imports: Mapping[str, Collection[str]],
    task: str,
    required: Collection[str],
) -> str:
    for folder, path in module.others.items():
        if _is_searched(folder, module, importers=importers, imports=imports):
            return path
    if module.others or module.is_folder or _is_asked_for(module, task):
        return ""
    if module.name in sys.stdlib_module_names:
        return f"Python's own {module.name}"
    # Else it may be what the project lacked.
    known = module.name in _INSTALLED_AS and _is_beside_tests(module)
    if known or any(name in required for name in module.installed_as):
        return f"the installed {module.name}"
    return ""


def _is_asked_for(module: Module, task: str) -> bool:
    """Whether the task names the file, or calls the module the project's own or missing."""
    if re.search(rf"(?<![\w./-]){re.escape(module.path)}(?![\w/-])", task):
        return True
    name = rf"(?<![\w./-])[`'\"]?{re.escape(module.name)}[`'\"]?"
    called = (
        rf"\b(?:our|own|missing)\s+(?:{name}\s+(?:module|package)|(?:module|package)\s+{name})\b",
        rf"{name}\s+(?:module|package),?\s+(?:which\s+|that\s+)?is\s+missing\b",
    )
    return not _is_beside_tests(module) and any(
        re.search(each, task, re.IGNORECASE) for each in called
    )


def _is_beside_tests(module: Module) -> bool:
    return is_test_file(f"{module.folder}/a.py")


def _is_searched(
    folder: str,
    module: Module,
    *,
    importers: Iterable[str],
    imports: Mapping[str, Collection[str]],
) -> bool:
    """Whether tests find modules in a folder: a script finds those of its own folder alone."""
    if not folder:
        return True
    users = [*importers, *(user for name in module.neighbours for user in imports.get(name, ()))]
    return any(not user.startswith(f"{folder}/") for user in users)


def _modules(
    paths: Iterable[str], packages: Collection[str], *, kept: Collection[str]
) -> Mapping[tuple[str, str], str]:
    """The modules with no package around them that are still there, by folder and name."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted(paths):
        top = _top_of(path, packages) if path in kept else None
        if top:
            found.setdefault(top, path)
    return found


def _top_of(path: str, packages: Collection[str]) -> tuple[str, str] | None:
    """The folder that must be searched to load a module, and the name that it then has."""
    folder, _, file = path.rpartition("/")
    match = _MODULE.fullmatch(file)
    if match is None or file == "__init__.py" == path:
        return None
    name = match["stem"]
    while folder in packages:
        folder, _, name = folder.rpartition("/")
    return folder, name


def _packages(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(path[:-12] for path in paths if path.endswith("/__init__.py"))


def searched_folders(paths: Collection[str]) -> Collection[str]:
    """The folders of tests, which pytest and unittest search first, and that of the project."""
    found, packages = {""}, _packages(paths)
    for path in paths:
        folder, _, file = path.rpartition("/")
        if _COLLECTED.fullmatch(file):
            while folder in packages:
                folder = folder.rpartition("/")[0]
            found.add(folder)
    return found


def is_trusted_blindly(content: bytes) -> bool:
    """Whether Python loads this compiled file by a hash, and not by the date of its source: then
    it may say another thing than the source.
    """
    return len(content) >= 16 and bool(content[4] & 1)
