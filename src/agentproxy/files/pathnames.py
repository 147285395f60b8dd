"""Which names may refer to a file below a folder. Hostile names are refused before any open."""

import re
import unicodedata
from collections.abc import Callable

from agentproxy.text.git_folder import is_git_folder
from agentproxy.text.unseen import has_unseen

MAX_PATH_LENGTH = 4096
MAX_NAME_LENGTH = 255
MAX_PATHNAME_DEPTH = 100
MAX_SHOWN_PATH_CHARACTERS = 80
LOOKALIKES = frozenset("\u2044\u2215\u29f8\uff0f\u2216\u29f5\ufe68\uff3c\uff5e")
ENCODED = re.compile(r"%(?:2e|2f|5c|00)", re.IGNORECASE)
DRIVE = re.compile(r"[A-Za-z]:")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")


class BadPath(ValueError):
    """A path that is not opened. `path` is printable, `why` is the reason."""

    def __init__(self, path: object, why: str) -> None:
        shown = ascii(path)
        self.path = (
            shown
            if len(shown) <= MAX_SHOWN_PATH_CHARACTERS
            else shown[:MAX_SHOWN_PATH_CHARACTERS] + "..."
        )
        self.why = why
        super().__init__(f"{self.path}: {why}")


def names_of(path: object) -> tuple[str, ...]:
    """Returns the names of a path, at least one. Raises BadPath."""
    if not isinstance(path, str):
        raise BadPath(path, "not text")
    # Also refused: paths that another reader could take for another path or for git's folder.
    for refused, why in RULES:
        if refused(path):
            raise BadPath(path, why)
    names = tuple(name for name in path.split("/") if name not in ("", "."))
    if not names:
        raise BadPath(path, "names no file")
    if len(names) > MAX_PATHNAME_DEPTH:
        raise BadPath(path, "too deep")
    for name in names:
        if why := _fault(name):
            raise BadPath(path, why)
    return names


def _encoded_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


# The first rule that applies gives the reason.
RULES: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda path: not path, "empty"),
    (lambda path: _encoded_length(path) > MAX_PATH_LENGTH, "too long"),
    (has_unseen, "contains a character that cannot be seen"),
    (lambda path: path.startswith("/"), "absolute"),
    (lambda path: path.startswith("~"), "begins in a home folder"),
    (URL.match, "a URL"),
    (DRIVE.match, "begins with a drive letter"),
    (lambda path: "\\" in path, "contains a backslash"),
    (LOOKALIKES.intersection, "contains a look-alike of a separator"),
    (ENCODED.search, "contains an encoded dot, separator or NUL"),
    (lambda path: path.endswith("/"), "names a folder"),
)


def _fault(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name)
    if not plain.strip(".") and name != ".":
        return "leads upwards"
    if _encoded_length(name) > MAX_NAME_LENGTH:
        return "a name in it is too long"
    if is_git_folder(name):
        return "in git's own folder"
    return ""
