"""The pictures of the documentation are those that their sources say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "draw_pictures.py"
NAMES = ("architecture.jpg", "sequence.jpg")


def test_the_pictures_are_drawn_from_their_sources() -> None:
    # After a change of a source or of the script: make pictures.
    ran = subprocess.run(
        [sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout


def test_the_readme_shows_them() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in NAMES:
        assert f"](docs/images/{name})" in readme
        assert (ROOT / "docs" / "images" / name).read_bytes().startswith(b"\xff\xd8\xff")
