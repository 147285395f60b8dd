"""How an environment is built: what a project asks for, and the commands that install it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Ecosystem = Literal["python", "node"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an environment is built. `directory` is relative to the root of the tree, `folder` to it.

    `asks` are the names of what the project asks for, `statement` a digest of all that it says
    about it, `files` where it says so. `fresh` builds from nothing, `renew` brings a copy of what
    is there up to date ("" where that is not done); both are shell text and run in `directory`.
    `suffices` succeeds where nothing needs to be built ("" where nobody can tell). `strange` are
    requirements that name no package of a registry by its name alone: paths, addresses, options,
    and files that cannot be read. `named` are all names that any list of the folder mentions.
    """

    ecosystem: Ecosystem
    directory: str
    folder: str
    files: tuple[str, ...]
    asks: tuple[str, ...]
    statement: str
    fresh: str
    renew: str = ""
    suffices: str = ""
    strange: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """Where the environment folder is, relative to the root of the tree."""
        return self.folder if self.directory == "." else f"{self.directory}/{self.folder}"


def digest(texts: Iterable[str]) -> str:
    """The sha256 of some texts and of their borders, in hex."""
    total = hashlib.sha256()
    for text in texts:
        data = text.encode(errors="surrogatepass")
        total.update(f"{len(data)}\n".encode() + data)
    return total.hexdigest()
