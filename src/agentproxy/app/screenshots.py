"""Reads the images of a task, and stores them with the run."""

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
    def __init__(self, message: str, *, cure: str = CURE) -> None:
        super().__init__(message)
        self.cure = cure


def read_images(files: Sequence[Path]) -> list[bytes]:
    """Reads the files of a request. Blocking. Raises ScreenshotUnusable."""
    if len(files) > MAX_SCREENSHOTS:
        raise ScreenshotUnusable(
            f"{len(files)} screenshots are too many", cure=f"attach at most {MAX_SCREENSHOTS}"
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
        raise ScreenshotUnusable(f"{file}: this is not a PNG, JPEG, GIF or WebP image")
    return data


def store_screenshots(images: Sequence[bytes], *, folder: Path) -> tuple[str, ...]:
    """Returns the names relative to the run's folder. Blocking."""
    if not images:
        return ()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The type comes from the bytes, not from the name that the person gave (decision 8).
    names = [
        f"{FOLDER}/{number}.{ending(media_type(data))}"
        for number, data in enumerate(images, start=1)
    ]
    with SafeDir(folder, links=False) as root:
        for name, data in zip(names, images, strict=True):
            root.write(name, data, mode=0o600)
    return tuple(names)


def load_screenshots(app: App, run: str, order: Order) -> list[tuple[str, str]]:
    """Returns media types and base64 data of an order. Blocking. Raises ScreenshotUnusable."""
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
            f"a screenshot of run {run} cannot be read: {error}", cure="start the task again"
        ) from error
    return found
