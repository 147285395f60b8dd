"""Text of strangers on its way to a terminal: what they wrote in a repository, or printed."""

from agentproxy.text.unseen import is_unseen


def clean(text: str) -> str:
    """Text of a stranger, without what could steer a terminal."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if is_unseen(sign) and sign not in "\n\t" else sign
        for sign in text.replace("\r\n", "\n").replace("\r", "\n")
    )
