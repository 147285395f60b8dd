"""Names what a Dockerfile should not do: python3 check_dockerfile.py FILE."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

SECRET = re.compile(
    r"\b\w*(PASSWORD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)\w*\s*[= ]\s*\S", re.IGNORECASE
)


def instructions(text: str) -> list[tuple[int, str, str]]:
    """Returns line number, name and arguments, with continued lines put together."""
    found: list[tuple[int, str, str]] = []
    held, start = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#") or (not held and not line.strip()):
            continue
        start = start if held else number
        held += line.strip()
        if held.endswith("\\"):
            held = held[:-1] + " "
            continue
        name, _, rest = held.partition(" ")
        found.append((start, name.upper(), rest.strip()))
        held = ""
    return found


def problems(text: str) -> Iterator[str]:
    found = instructions(text)
    names = [name for _, name, _ in found]
    if "FROM" not in names:
        yield "no FROM"
        return
    last = len(names) - 1 - names[::-1].index("FROM")
    users = [rest for _, name, rest in found[last:] if name == "USER"]
    if not users or users[-1].split(":")[0] in ("root", "0"):
        yield "the last stage runs as root: add USER"
    if "CMD" not in names[last:] and "ENTRYPOINT" not in names[last:]:
        yield "the last stage starts nothing: add CMD"
    stages: set[str] = set()
    for number, name, rest in found:
        yield from (f"line {number}: {each}" for each in _line(name, rest, stages))
        if name == "FROM" and (alias := re.search(r"\s+AS\s+(\S+)", rest, re.IGNORECASE)):
            stages.add(alias[1].lower())


def _line(name: str, rest: str, stages: set[str]) -> Iterator[str]:
    if name == "FROM":
        image = next(word for word in rest.split() if not word.startswith("--"))
        tag = image.rpartition("/")[2].partition(":")[2]
        fixed = "@" in image or image.lower() in stages or image == "scratch"
        if not fixed and tag in ("", "latest"):
            yield f"{image} has no fixed version"
    elif name in ("CMD", "ENTRYPOINT") and not rest.startswith("["):
        yield f"{name} is no list, so signals do not reach the program"
    elif name == "ADD" and "://" not in rest:
        yield "ADD unpacks and downloads: use COPY"
    elif name in ("ENV", "ARG") and SECRET.search(rest):
        yield "a secret would stay in the image"
    elif name == "RUN" and "apt-get install" in rest and "rm -rf /var/lib/apt/lists" not in rest:
        yield "the lists of apt stay in the image"
    elif name == "RUN" and re.search(r"\bsudo\b", rest):
        yield "sudo is not needed while building"


if __name__ == "__main__":
    said = list(problems(Path(sys.argv[1]).read_text(encoding="utf-8")))
    sys.stdout.write("\n".join(said or ["ok"]) + "\n")
    sys.exit(bool(said))
