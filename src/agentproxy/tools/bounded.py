"""Bounds what a tool gives to the model."""

MAX_CHARACTERS = 50_000


def bounded(text: str, *, lost: int = 0) -> str:
    """Returns the head and the tail of a long text, and says how much is left out.

    `lost` characters of its middle are missing already.
    """
    if len(text) <= MAX_CHARACTERS:
        return text
    half = MAX_CHARACTERS // 2
    left = len(text) - MAX_CHARACTERS + lost
    return f"{text[:half]}\n... ({left} characters left out) ...\n{text[-half:]}"
