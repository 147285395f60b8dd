"""Recognizes images by their bytes. Pure."""

_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


def media_type(data: bytes) -> str:
    """Returns the media type of a PNG, JPEG, GIF or WebP image, or ""."""
    # A file name proves nothing about the content.
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return ""


def ending(media: str) -> str:
    """Returns the file name extension of a media type, without the dot."""
    return _ENDINGS[media]
