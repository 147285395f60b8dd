"""Which new test files change other modules as they are loaded, so that old tests see it. Pure."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

# What a fixture or a block undoes by itself (monkeypatch, mocker, `with patch`) is not meant.
_PYTHON = re.compile(
    r"^[ \t]*(?!(?:self|cls)\b)[A-Za-z_][\w.\[\]'\"()]*\.\w+[ \t]*(?::[^=\n]*)?=(?!=)"
    r"|(?<!monkeypatch\.)\bsetattr[ \t]*\("
    r"|\bsys[ \t]*\.[ \t]*(?:modules|path|meta_path|path_hooks|settrace|setprofile)\b"
    r"|\bfrom[ \t]+sys[ \t]+import\b|\b(?:builtins|importlib|vars)\b"
    r"|\b__(?:import|dict|globals)__\b"
    r"|\b(?:exec|eval|globals)[ \t]*\(|\b(?:gc|ctypes|atexit|inspect)\b|\b_?pytest_\w+|\b_pytest\b"
    r"|\.start[ \t]*\(\)",
    re.MULTILINE,
)
_JAVASCRIPT = re.compile(
    r"^[ \t]*(?!this\b)[A-Za-z_$][\w$.\[\]'\"()]*\.[\w$]+[ \t]*=(?![=>])"
    r"|\brequire[ \t]*\.[ \t]*cache\b|\bModule\b|\bprototype\b|\bglobalThis\b|\bglobal[ \t]*\."
    r"|\bObject[ \t]*\.[ \t]*(?:assign|define)|\bReflect\b|\bregister[ \t]*\(|\beval[ \t]*\(",
    re.MULTILINE,
)
# All files of a package are one. What runs before its tests can end them with any words.
_GO = re.compile(
    r"\b(?:TestMain|init|linkname|unsafe|syscall)\b|^var\b|\bos[ \t]*\.[ \t]*Exit\b"
    r"|^[ \t]*\*?[A-Za-z_][\w.\[\]]*[ \t]*=(?!=)",
    re.MULTILINE,
)
_CODE = {"py": _PYTHON, "go": _GO} | dict.fromkeys(
    ("js", "cjs", "mjs", "jsx", "ts", "cts", "mts", "tsx"), _JAVASCRIPT
)

_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_IMPORTS = re.compile(
    r"^[ \t]*(?:import|from)\b[^\n]*|^[^\n]*\brequire[ \t]*\([^\n]*|^[^\n]*\bimport_module[^\n]*",
    re.MULTILINE,
)
_ASSIGNS = re.compile(
    r"^[ \t]*([A-Za-z_$][\w$]*)(?:\.[\w$]+)+[ \t]*=(?![=>])|\bsetattr[ \t]*\([ \t]*([A-Za-z_]\w*)",
    re.MULTILINE,
)
_REPLACES_MODULE = re.compile(
    r"\bsys[ \t]*\.[ \t]*modules[ \t]*\[|\brequire[ \t]*\.[ \t]*cache\b|\.__dict__\b"
)


def may_patch_others(path: str, text: str) -> bool:
    """Whether a test file may change what other test files import; true where it cannot be told."""
    pattern = _CODE.get(path.rpartition(".")[2])
    return pattern is not None and pattern.search(text) is not None


def find_patching_modules(texts: Mapping[str, str]) -> frozenset[str]:
    """The names of new modules that change what they import, or that load such a module."""
    found = {path for path, text in texts.items() if _patches_imports(path, text)}
    names = {_name_of(path) for path in found}
    while more := {
        path for path, text in texts.items() if path not in found and loads_any(text, names)
    }:
        found |= more
        names |= {_name_of(path) for path in more}
    return frozenset(names)


def loads_any(text: str, names: AbstractSet[str]) -> bool:
    """Whether a line that imports has one of the names."""
    return any(not names.isdisjoint(_WORD.findall(line)) for line in _IMPORTS.findall(text))


def _patches_imports(path: str, text: str) -> bool:
    """Whether a file assigns to a part of what it imports: code does so to its own objects."""
    if path.rpartition(".")[2] not in _CODE:
        return False
    imported = {word for line in _IMPORTS.findall(text) for word in _WORD.findall(line)}
    owners = (match[1] or match[2] for match in _ASSIGNS.finditer(text))
    return any(owner in imported for owner in owners) or _REPLACES_MODULE.search(text) is not None


def _name_of(path: str) -> str:
    *folders, file = path.split("/")
    name = file.partition(".")[0]
    return folders[-1] if folders and name in ("__init__", "index") else name
