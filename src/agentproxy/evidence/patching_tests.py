"""Which new test files change other modules as they are loaded, so that old tests see it. Pure."""

import re

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
_CODE = {"py": _PYTHON} | dict.fromkeys(
    ("js", "cjs", "mjs", "jsx", "ts", "cts", "mts", "tsx"), _JAVASCRIPT
)


def may_patch_others(path: str, text: str) -> bool:
    """Whether a test file may change what other test files import; true where it cannot be told."""
    pattern = _CODE.get(path.rpartition(".")[2])
    return pattern is not None and pattern.search(text) is not None
