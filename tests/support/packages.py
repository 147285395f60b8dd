"""Packages to be installed: wheels made here, so that nothing comes from a network."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

# There are so many that pip takes seconds to compile them; pytest needs but these.
LEXERS = ("pygments", "lexers")
KEPT_LEXERS = ("__init__", "_mapping", "python", "diff")


def new_wheel(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """A wheel of pure Python with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f"{name}-{version}.dist-info"
    whole = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    whole[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*whole, f"{about}/RECORD"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in whole.items():
            archive.writestr(path, text)
    return wheel


def new_tarball(target: Path, files: Mapping[str, str]) -> Path:
    """A package as npm packs it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:gz") as archive:
        for path, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return target


def repack(name: str, folder: Path) -> None:
    """A wheel of a package that is installed here."""
    found = distribution(name)
    files = {
        str(path): Path(str(path.locate())).read_bytes()
        for path in found.files or ()
        if ".." not in path.parts
        and path.suffix != ".pyc"
        and path.name != "RECORD"
        and (path.parts[:2] != LEXERS or path.stem in KEPT_LEXERS)
    }
    about = next(path for path in files if path.endswith(".dist-info/METADATA"))
    record = f"{about.rpartition('/')[0]}/RECORD"
    with zipfile.ZipFile(folder / f"{name}-{found.version}-py3-none-any.whl", "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
        archive.writestr(record, "".join(f"{path},,\n" for path in [*files, record]))
