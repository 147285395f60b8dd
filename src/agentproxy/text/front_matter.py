"""The lines `name: value` between two lines of dashes at the top of a document."""

from collections.abc import Mapping

FENCE = "---"
BLOCKS = frozenset({">", ">-", ">+", "|", "|-", "|+"})


def split_front_matter(text: str) -> tuple[Mapping[str, str], str]:
    """Returns the values by their names, and the text after them.

    Values are texts, whatever they look like: nothing of YAML is evaluated. Indented lines belong
    to the value above them. Without a second line of dashes there are no values.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].rstrip() != FENCE:
        return {}, text
    found: dict[str, str] = {}
    name = ""
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            values = {each: _plain(value) for each, value in found.items()}
            return values, "\n".join(lines[number + 1 :]).strip("\n") + "\n"
        if line[:1].isspace() and name:
            found[name] = f"{found[name]} {line.strip()}".strip()
        elif ":" in line and not line.startswith("#"):
            name, _, value = line.partition(":")
            name = name.strip()
            value = value.strip()
            found[name] = "" if value in BLOCKS else value
    return {}, text


def _plain(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
