"""Whether a command line calls listed programs only. Pure."""

from collections.abc import Collection, Iterator

from agentproxy.policy.shell import ShellWord, Simple, Unclear, parse


def not_listed(command: str, allowed: Collection[str]) -> str:
    """Returns the first program of a command line that is not allowed, "" where all are.

    A program that is called by a path counts by this path. A listed program that starts others,
    such as env or xargs, starts any. What cannot be read for certain is not allowed.
    """
    try:
        names = list(_programs(parse(command)))
    except Unclear as error:
        return str(error)
    return next((name for name in names if name not in allowed), "")


def _programs(commands: tuple[Simple, ...]) -> Iterator[str]:
    for simple in commands:
        for word in simple.every_word:
            yield from _programs(word.inner)
        if simple.words:
            yield _name(simple.words[0])


def _name(word: ShellWord) -> str:
    if not word.certain:
        raise Unclear("the name of a program is not certain")
    return word.text
