"""Images that a person attaches to a task: looked at when it is ordered, kept with the run."""

import base64
from collections.abc import Sequence
from pathlib import Path

from agentproxy.app.context import App
from agentproxy.config.files import read_small
from agentproxy.config.mistakes import BadFile
from agentproxy.events.run import Order
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.supervisor.contexts.images import ending, media_type

MAX_SCREENSHOT_BYTES = 5 << 20  # bytes
MAX_SCREENSHOTS = 20
FOLDER = "screenshots"
CURE = "give a PNG, JPEG, GIF or WebP of at most 5 MiB"


class ScreenshotUnusable(Exception):
    """A file that cannot be attached; `cure` is what a person can do."""

    def __init__(self, message: str, *, cure: str = CURE) -> None:
        super().__init__(message)
        self.cure = cure


def read_images(files: Sequence[Path]) -> list[bytes]:
    """The bytes of each image. Blocking.

    Raises:
        ScreenshotUnusable: one is not there, no image, or too large.
    """
    if len(files) > MAX_SCREENSHOTS:
        raise ScreenshotUnusable(
            f"{len(files)} screenshots", cure=f"attach at most {MAX_SCREENSHOTS}"
        )
    return [_image(file) for file in files]


def _image(file: Path) -> bytes:
    try:
        data = read_small(file, limit=MAX_SCREENSHOT_BYTES)
    except BadFile as error:
        raise ScreenshotUnusable(f"{file}: {error.problem}") from error
    if data is None:
        raise ScreenshotUnusable(f"{file}: there is no such file")
    if not media_type(data):
        raise ScreenshotUnusable(f"{file}: not an image of a kind that is taken")
    return data


def store_screenshots(images: Sequence[bytes], *, folder: Path) -> tuple[str, ...]:
    """Put images into the folder of a run, and say their names relative to it. Blocking."""
    if not images:
        return ()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = [
        f"{FOLDER}/{number}.{ending(media_type(data))}"
        for number, data in enumerate(images, start=1)
    ]
    with SafeDir(folder, links=False) as root:
        for name, data in zip(names, images, strict=True):
            root.write(name, data, mode=0o600)
    return tuple(names)


def load_screenshots(app: App, run: str, order: Order) -> list[tuple[str, str]]:
    """The media type and the base64 of each image of an order. Blocking.

    Raises:
        ScreenshotUnusable: one is not there any more, or is no image now.
    """
    if not order.screenshots:
        return []
    found: list[tuple[str, str]] = []
    try:
        with SafeDir(app.folder(run), links=False) as root:
            for name in order.screenshots:
                data = root.read(name, limit=MAX_SCREENSHOT_BYTES)
                found.append((media_type(data), base64.b64encode(data).decode()))
    except (BadPath, OSError) as error:
        raise ScreenshotUnusable(
            f"a screenshot of run {run} cannot be read: {error}", cure="order the task anew"
        ) from error
    return found
