"""Installs the product as a new user does, and proves a first task in each kind of project.

`make kinds`, or `make kinds KINDS=uv`. It needs the registries. It ends with 1 where a first run is
not verified, or takes longer than it may.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kinds.projects import KINDS, Kind
from support.real_tools import programs_of

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 300.0  # from pip install to the verdict
PATIENCE = 400.0
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
OF_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT")
# The user names the registries, as one behind a mirror does.
REGISTRIES = {
    "PIP_INDEX_URL": "https://pypi.org/simple",
    "UV_DEFAULT_INDEX": "https://pypi.org/simple",
    "npm_config_registry": "https://registry.npmjs.org/",
    "YARN_NPM_REGISTRY_SERVER": "https://registry.npmjs.org",
}
TASK = "weigh must return whole kilograms: weigh(2000) is 2"
VERDICTS = {0: "verified", 1: "refuted", 3: "unverified"}
GIT = "git -c user.name=A -c user.email=a@example.org"


@dataclass(frozen=True)
class First:
    """A first run of a new user."""

    kind: Kind
    installed: bool
    check: str  # "" where the person names none
    code: int
    seconds: float
    said: str

    @property
    def verdict(self) -> str:
        return VERDICTS.get(self.code, f"exit {self.code}")

    @property
    def row(self) -> str:
        state = "installed" if self.installed else "not installed"
        named = self.check or "(no check named)"
        return f"{self.kind.name:24} {state:14} {named:22} {self.verdict:11} {self.seconds:5.1f} s"

    @property
    def failed(self) -> bool:
        return self.verdict != "verified"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=[])
    wanted = [name.lower() for name in parser.parse_args().only]
    kinds = [each for each in KINDS if not wanted or each.name.lower().startswith(tuple(wanted))]
    with tempfile.TemporaryDirectory(prefix="kinds-") as temporary:
        place = Path(temporary)
        pa, spent = install_product(place)
        say(f"pip install of the wheel: {spent:.1f} s")
        firsts: list[First] = []
        for kind in kinds:
            for first in try_kind(kind, pa, place / f"kind-{kinds.index(kind)}"):
                firsts.append(first)
                say(first.row)
                if first.failed:
                    say(first.said)
    slow = [each for each in firsts if spent + each.seconds > MOST_SECONDS]
    failed = [each for each in firsts if each.failed or each in slow]
    say(f"{len(firsts) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def install_product(place: Path) -> tuple[Path, float]:
    """Returns the program that a new user has installed, and how long that took."""
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)
    wheel = next(place.glob("*.whl"))
    began = time.monotonic()
    subprocess.run([base_python(), "-m", "venv", place / "pa"], check=True, timeout=PATIENCE)
    pip = [place / "pa/bin/pip", "install", "-q", "--disable-pip-version-check", wheel]
    subprocess.run(pip, check=True, timeout=PATIENCE, cwd=place)
    return place / "pa/bin/pa", time.monotonic() - began


def try_kind(kind: Kind, pa: Path, place: Path) -> Iterator[First]:
    user = new_user(kind, pa, place)
    author_makes(kind, place / "origin", user)
    worker = place / "worker.sh"
    worker.write_text(f"#!/bin/sh\nset -e\ncat >/dev/null\nLESS='{kind.less}'\n{kind.mend}")
    worker.chmod(0o755)
    # What was built for the first serves the others of the same kind.
    for installed in (False, True):
        for check in (kind.check, ""):
            yield first_run(kind, user, place, installed=installed, check=check)


def new_user(kind: Kind, pa: Path, place: Path) -> dict[str, str]:
    """Variables of a user with an empty HOME, the tool of the kind, and the product."""
    programs = place / "programs"
    programs.mkdir(parents=True)
    (programs / "pa").symlink_to(pa)
    path = [programs, *([programs_of(kind.tool)] if kind.tool else [])]
    path += [Path(each).parent for each in (base_python(), shutil.which("npm")) if each]
    (place / "home").mkdir()
    return {
        "HOME": str(place / "home"),
        "PATH": os.pathsep.join([*map(str, path), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        **dict.fromkeys(OF_CERTIFICATES, CERTIFICATES),
        **REGISTRIES,
        **kind.env,
    }


def author_makes(kind: Kind, origin: Path, user: dict[str, str]) -> None:
    origin.mkdir()
    sh(kind.made, user, origin)
    for name, text in kind.files.items():
        path = origin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    leave = "find . -name node_modules -prune -exec rm -rf {} +; rm -rf .venv .pnp.* .yarn .git"
    sh(f"{kind.locked or ':'}; {leave}", user, origin)
    sh(f"git init -q -b main && git add -A && {GIT} commit -qm 'A parcel'", user, origin)
    # The clones of others find no environment of the author's.
    sh("rm -rf ~/.cache ~/.local ~/.yarn", user, origin)


def first_run(
    kind: Kind, user: dict[str, str], place: Path, *, installed: bool, check: str
) -> First:
    name = f"{'installed' if installed else 'bare'}-{'named' if check else 'alone'}"
    clone = place / name
    sh(f"git clone -q origin {name}", user, place)
    began = time.monotonic()
    if installed:
        sh(kind.install, user, clone)
    named = ["--check", check] if check else []
    command = ["pa", "--worker", f"command:{place}/worker.sh", *named, TASK]
    ran = subprocess.run(
        command, cwd=clone, env=user, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - began
    return First(kind, installed, check, ran.returncode, seconds, ran.stdout)


def sh(script: str, user: dict[str, str], place: Path) -> None:
    command = ["sh", "-ec", script]
    done = subprocess.run(
        command, cwd=place, env=user, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode:
        sys.exit(f"{script}\n{done.stdout}{done.stderr}")


def base_python() -> str:
    return str(Path(sys.base_prefix, "bin", "python3"))


if __name__ == "__main__":
    main()
