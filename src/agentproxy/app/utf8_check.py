"""What is recorded has to be text: bytes that are not UTF-8 are refused before they are kept."""


class NotText(Exception):
    """Something ordered is not UTF-8; `cure` is what a person can do."""

    def __init__(self, name: str, text: str, *, cure: str) -> None:
        super().__init__(f"{name} is not UTF-8: {ascii(text)[:200]}")
        self.cure = cure


def is_text(text: str) -> bool:
    """Whether it holds no bytes that could not be decoded."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)
