"""Finds the user's package registries. A build never gets one with a password or token."""

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agentproxy.text.sensitive import CLOSES_A_FOLDER
from agentproxy.workspace.environment.registry_files import npm_scopes, registry_variables
from agentproxy.workspace.environment.toolchains import Toolchains

PUBLIC = (
    "pypi.org:443", "files.pythonhosted.org:443", "registry.npmjs.org:443",
    "registry.yarnpkg.com:443",
)  # fmt: skip
_PASSED = re.compile(
    r"(?:PIP_(?:INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|CONSTRAINT|TRUSTED_HOST|CERT|PRE"
    r"|ONLY_BINARY|NO_BINARY|DEFAULT_TIMEOUT)"
    r"|UV_(?:DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|OFFLINE)"
    r"|NPM_CONFIG_(?:REGISTRY|OFFLINE|PREFER_OFFLINE|STRICT_SSL)|YARN_NPM_REGISTRY_SERVER"
    r"|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS|CURL_CA_BUNDLE)\Z",
    re.IGNORECASE,
)
_PIP_FILES = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf")
_PIP_KEYS = ("index-url", "extra-index-url", "find-links", "no-index", "constraint")
_NAMED = re.compile(r"^[\w.-]+=(?=\w+://|/)")  # uv's INDEX variables accept NAME=URL
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Registries:
    env: Mapping[str, str]
    hosts: tuple[str, ...]  # host:port
    named: tuple[str, ...] = ()  # those that the user named: they may be on a private network
    paths: tuple[Path, ...] = ()  # local folders and files with packages
    withheld: tuple[str, ...] = ()  # names of variables that hold a secret
    npm_lines: tuple[str, ...] = ()  # for the .npmrc of a build


def find_registries(environ: Mapping[str, str]) -> Registries:
    """Reads the registries from the environment and from the files of the tools. Blocking."""
    found = {
        **registry_variables(environ),
        **_configured(environ),
        **{n: v for n, v in environ.items() if _PASSED.match(n) and v},
    }
    withheld = tuple(sorted(name for name, value in found.items() if _holds_secret(value)))
    # A build runs untrusted code, so it never gets a password or a token.
    env = {name: value for name, value in found.items() if name not in withheld}
    scopes = {key: url for key, url in npm_scopes(environ).items() if not _holds_secret(url)}
    words = [word for value in (*env.values(), *scopes.values()) for word in value.split()]
    hosts = [host for word in words if (host := _host(word))]
    home = Path(environ.get("HOME") or "/nonexistent")
    paths = (path for word in words if (path := _path(word, home)) is not None)
    return Registries(
        env=env,
        hosts=tuple(dict.fromkeys((*PUBLIC, *hosts))),
        # Who names a public registry may reach it through a mirror, and so all of its hosts.
        named=tuple(dict.fromkeys((*hosts, *(PUBLIC if set(PUBLIC) & set(hosts) else ())))),
        paths=tuple(dict.fromkeys(paths)),
        withheld=withheld,
        npm_lines=tuple(f"{key}={url}" for key, url in sorted(scopes.items())),
    )


def _configured(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    home = environ.get("HOME", "")
    # In pip's order: a later file overrides an earlier one.
    for name in (*_PIP_FILES, environ.get("PIP_CONFIG_FILE", "")):
        file = Path(name.replace("~", home, 1)) if name else None
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(file.read_text() if file is not None and file.is_file() else "")
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= dict(_pip_variables(parser[section]))
    return found


def _pip_variables(section: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key in _PIP_KEYS:
        if value := section.get(key, "").strip():
            yield f"PIP_{key.replace('-', '_').upper()}", " ".join(value.split())


def _holds_secret(value: str) -> bool:
    # "@" follows a password in a URL; a query can be a token.
    addresses = (word.partition("://")[2] for word in value.split() if "://" in word)
    return any(sign in address for address in addresses for sign in "@?")


def _host(word: str) -> str:
    try:
        parts = urlsplit(_NAMED.sub("", word))
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port}"


def _path(word: str, home: Path) -> Path | None:
    text = _NAMED.sub("", word).removeprefix("file://")
    path = Path(text)
    if not text.startswith("/") or not path.exists():
        return None
    # PIP_FIND_LINKS can name HOME itself, or a folder with credentials.
    closed = Toolchains(home=home, root=path).is_closed(path) if path.is_dir() else False
    return None if closed or path.name in CLOSES_A_FOLDER else path
