"""Draws the pictures of the documentation from their text sources, with graphviz.

`docs/images/drawn.txt` keeps the digests of sources and pictures, so that a test can tell when they
part. `--check` draws nothing, and ends with 1 where they have parted.
"""

import hashlib
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
DIGESTS = IMAGES / "drawn.txt"
NAMES = {"architecture.jpg": "architecture.dot", "sequence.jpg": "sequence.txt"}
DPI = 160

COLUMN, LEFT = 165, 80  # points
LINE, GAP = 19, 26
WRAP = 21  # characters beside an arrow between neighbours
COLOURS = (
    ("#e5eefb", "#3f6fb5"),
    ("#e3f2e6", "#3d8a52"),
    ("#ffffff", "#b5524d"),
    ("#fdf3d8", "#a97f1d"),
)
HEAD = """digraph sequence {
graph [bgcolor="#fbfaf7", pad=0.25, splines=line, outputorder=edgesfirst]
node [fontname="DejaVu Sans", fontsize=15, fontcolor="#1f1e1b", penwidth=1.5]
edge [color="#5d5a52", penwidth=1.5, arrowsize=0.9]
"""


@dataclass(frozen=True)
class Step:
    """`whom` is "" for what somebody does alone; without `who` it begins a part."""

    who: str
    whom: str
    words: str


def read_steps(text: str) -> tuple[list[str], list[Step]]:
    """Returns who takes part, and the steps. Raises ValueError."""
    people: list[str] = []
    steps: list[Step] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("== "):
            steps.append(Step("", "", line[3:]))
            continue
        place, _, words = line.partition(": ")
        if place == "who":
            people = [each.strip() for each in words.split("|")]
            continue
        who, _, whom = place.partition(" -> ")
        if who not in people or (whom and whom not in people):
            raise ValueError(f"sequence.txt: nobody is named so: {line}")
        steps.append(Step(who, whom, words))
    return people, steps


def sequence_dot(text: str) -> str:
    """Returns the sequence as a graph whose parts stand where they are drawn."""
    people, steps = read_steps(text)
    places = {name: LEFT + COLUMN * number for number, name in enumerate(people)}
    lines, bottom = _drawn_steps(steps, places)
    heads = [_head(name, number, places[name]) for number, name in enumerate(people)]
    threads = [_thread(name, places[name], bottom) for name in people]
    return HEAD + "\n".join([*threads, *heads, *lines]) + "\n}\n"


def _drawn_steps(steps: Sequence[Step], places: dict[str, int]) -> tuple[list[str], int]:
    found: list[str] = []
    y, right = -34, max(places.values()) + LEFT
    for number, step in enumerate(steps):
        reach = abs(places[step.whom] - places[step.who]) // COLUMN if step.whom else 1
        words = textwrap.wrap(step.words, WRAP * reach)
        height = LINE * len(words)
        middle = y - GAP / 2 - height / 2
        if not step.who:
            y -= 10
            found.append(_part(number, step.words, y - GAP / 2 - height / 2, right=right))
        elif step.whom:
            ends = places[step.who], places[step.whom]
            found += _arrow(number, words, middle, ends=ends)
        else:
            found.append(_box(number, words, middle, x=places[step.who]))
        y -= height + GAP
    return found, y - 10


def _head(name: str, number: int, x: int) -> str:
    fill, line = COLOURS[number % len(COLOURS)]
    label = name.replace(" ", "\\n", 1)
    return (
        f'"{name}" [pos="{x},0", label="{label}", shape=box, style="rounded,filled", width=1.6, '
        f'height=0.65, fixedsize=true, fontsize=16, fillcolor="{fill}", color="{line}"]'
    )


def _thread(name: str, x: int, bottom: float) -> str:
    end = f'"end {name}" [pos="{x},{bottom}", shape=point, width=0.02, color="#b9b3a4"]'
    return f'{end}\n"{name}" -> "end {name}" [style=dashed, arrowhead=none, color="#b9b3a4"]'


def _node(name: str, x: float, y: float, **looks: object) -> str:
    said = ", ".join(f'{key}="{value}"' for key, value in looks.items())
    return f'{name} [pos="{x},{y}", {said}]'


def _part(number: int, words: str, y: float, *, right: int) -> str:
    grey = {"fillcolor": "#ece7da", "color": "#ece7da", "fontcolor": "#5a5548"}
    size = {"width": (right + 12) / 72, "height": 0.34, "fixedsize": "true"}
    looks = {"label": words, "shape": "box", "style": "filled", **size, **grey}
    return _node(f"part{number}", right / 2, y, **looks)


def _arrow(number: int, words: list[str], y: float, *, ends: tuple[int, int]) -> Iterator[str]:
    below = y - LINE * len(words) / 2 - 5
    for side, x in zip("ab", ends, strict=True):
        yield _node(f"{side}{number}", x, below, shape="point", width=0.03, color="#5d5a52")
    yield f"a{number} -> b{number}"
    paper = {"style": "filled", "color": "#fbfaf7", "fillcolor": "#fbfaf7"}
    size = {"margin": "0.02,0", "height": 0.1, "width": 0.1}
    text = "\\n".join(words)
    yield _node(f"w{number}", sum(ends) / 2, y, label=text, shape="box", **paper, **size)


def _box(number: int, words: list[str], y: float, *, x: int) -> str:
    green = {"style": "rounded,filled", "color": "#3d8a52", "fillcolor": "#f3faf4"}
    text = "\\n".join(words)
    return _node(f"d{number}", x, y, label=text, shape="box", margin="0.1,0.05", **green)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digests() -> str:
    """Returns a line for each picture: its digest, that of its source, and that of this script."""
    script = digest(Path(__file__))
    return "".join(
        f"{picture} {digest(IMAGES / picture)} {source} {digest(IMAGES / source)} {script}\n"
        for picture, source in NAMES.items()
    )


def draw() -> None:
    for picture, source in NAMES.items():
        text = (IMAGES / source).read_text()
        dot = sequence_dot(text) if source.endswith(".txt") else text
        command = ["neato", "-n2", "-Tjpg", f"-Gdpi={DPI}", "-o", str(IMAGES / picture)]
        subprocess.run(command, input=dot.encode(), check=True)
    DIGESTS.write_text(digests())


def main() -> int:
    if sys.argv[1:] == ["--dot"]:
        print(sequence_dot((IMAGES / "sequence.txt").read_text()))
        return 0
    if sys.argv[1:] == ["--check"]:
        same = DIGESTS.read_text() == digests()
        print("the pictures are as drawn" if same else "source and picture differ: make pictures")
        return 0 if same else 1
    try:
        draw()
    except FileNotFoundError:
        print("graphviz is needed: apt-get install graphviz fonts-dejavu")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
