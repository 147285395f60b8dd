"""Refuses bytes that are not UTF-8, because the journal stores only text."""


class NotText(Exception):
    def __init__(self, name: str, text: str, *, cure: str) -> None:
        super().__init__(f"{name} is not UTF-8: {ascii(text)[:200]}")
        self.cure = cure


def is_text(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)
