"""How an environment is built: the requirements of a project, and the install commands."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Ecosystem = Literal["python", "node"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build one environment. Commands are shell text and run in `directory`."""

    ecosystem: Ecosystem
    directory: str  # relative to the root of the tree
    folder: str  # relative to `directory`
    files: tuple[str, ...]  # the files that state the requirements
    asks: tuple[str, ...]  # names of the required packages
    statement: str  # a digest of all requirements
    fresh: str  # builds from nothing
    renew: str = ""  # updates a copy of an environment; "" where a copy is of no use
    suffices: str = ""  # succeeds where nothing needs to be built; "" where that is unknown
    # Requirements that are not the plain name of a registry package: paths, addresses, options,
    # and files that cannot be read. They may bring code of the claim.
    strange: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # those of `asks` that every machine needs
    by_hand: str = ""  # what a person types in `directory` to make the environment
    named: frozenset[str] = frozenset()  # all names in any list of the folder

    @property
    def place(self) -> str:
        """The environment folder, relative to the root of the tree."""
        return self.folder if self.directory == "." else f"{self.directory}/{self.folder}"


def digest(texts: Iterable[str]) -> str:
    total = hashlib.sha256()
    for text in texts:
        data = text.encode(errors="surrogatepass")
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        total.update(f"{len(data)}\n".encode() + data)
    return total.hexdigest()
