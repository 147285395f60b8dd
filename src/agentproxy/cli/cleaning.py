"""Makes text from strangers safe for a terminal."""

from agentproxy.text.unseen import is_unseen


def clean(text: str) -> str:
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if is_unseen(sign) and sign not in "\n\t" else sign
        for sign in text.replace("\r\n", "\n").replace("\r", "\n")
    )
