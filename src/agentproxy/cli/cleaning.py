"""Text of strangers on its way to a terminal: what they wrote in a repository, or printed."""


def clean(text: str) -> str:
    """Text of a stranger, without what could steer a terminal."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for character in text.replace("\r\n", "\n").replace("\r", "\n")
    )
