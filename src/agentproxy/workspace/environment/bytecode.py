"""Whether Python finds its own library compiled on this machine."""

import os
import shutil
from pathlib import Path

PYTHONS = ("python", "python3")


def has_bytecode(path: str) -> bool:
    """Whether the library of the first Python on a PATH has bytecode beside its sources.

    Where it has none and belongs to somebody else, each start compiles it anew.
    """
    found = next(filter(None, (shutil.which(name, path=path) for name in PYTHONS)), None)
    if found is None:
        return False
    # An environment's Python is a link to the one that has the library.
    prefix = Path(os.path.realpath(found)).parent.parent
    return any(prefix.glob("lib/python3.*/__pycache__/os.*.pyc"))
