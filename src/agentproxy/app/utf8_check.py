"""What an order says has to be text: bytes that are not UTF-8 are refused before they are kept."""

from agentproxy.events.run import Order

PATHS = {"repository": "the repository's path", "directory": "the directory"}
WORDS = {
    "task": "the task",
    "worker": "--worker",
    "model": "--model",
    "judge": "--judge",
    "checks": "--check",
    "keep": "--keep",
    "known_red": "--known-red",
}


class NotText(Exception):
    """Something ordered is not UTF-8; `cure` is what a person can do."""

    def __init__(self, name: str, text: str, *, cure: str) -> None:
        super().__init__(f"{name} is not UTF-8: {ascii(text)[:200]}")
        self.cure = cure


def refuse_what_is_no_text(order: Order) -> None:
    """Look at every text of an order.

    Raises:
        NotText: one holds bytes that are not UTF-8.
    """
    for field, name in (PATHS | WORDS).items():
        value: str | tuple[str, ...] = getattr(order, field)
        for text in (value,) if isinstance(value, str) else value:
            if not is_text(text):
                cure = "rename the folder" if field in PATHS else "write it in UTF-8"
                raise NotText(name, text, cure=cure)


def is_text(text: str) -> bool:
    """Whether it holds no bytes that could not be decoded."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)
