"""The rules of programs that run another command: the inner command is judged."""

import re

from agentproxy.policy.calls import ProgramCall, ProgramRule, assigns, hides_options
from agentproxy.policy.rulings import Allow, Refer, Refuse, Ruling, strictest
from agentproxy.policy.shell import UNKNOWN, ShellWord

SHELL_FLAGS = re.compile(r"[-+][abcefhiklmnptuvxBCEHPTlD]*[oO]?")
SHELL_LONG = ("--norc", "--noprofile", "--login", "--posix", "--")
VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


def looks_through(
    *, flags: str = "", valued: str = "", known: tuple[str, ...] = (), skip: int = 0
) -> ProgramRule:
    """Returns a rule that judges the command behind a wrapper. Unknown options are referred.

    `known` has the long options; those with a value end in "=". `skip` is the number of the
    wrapper's own arguments.
    """

    def rule(call: ProgramCall) -> Ruling:
        words = _command(call, flags=flags, valued=valued, known=known)
        if words is None or hides_options(words[:1]):
            return Refer(f"{call.name} with options that are not judged")
        if any(UNKNOWN in word.text for word in words[:skip]):
            return Refer(f"the command that {call.name} runs is unknown")
        return call.inner(words[skip:]) if words[skip:] else Allow()

    return rule


def _command(
    call: ProgramCall, *, flags: str, valued: str, known: tuple[str, ...]
) -> tuple[ShellWord, ...] | None:
    words = list(call.args)
    alone = re.compile(rf"-[{flags or '-'}]*[{valued or '-'}]")
    other = re.compile(rf"-(?:[{flags or '-'}]+|[{flags or '-'}]*[{valued or '-'}].+)", re.DOTALL)
    while words and words[0].text.startswith("-"):
        option = words.pop(0).text
        if option == "--":
            break
        if UNKNOWN in option:
            return None
        if option.startswith("--"):
            if not option.startswith(known) or (option not in known and "=" not in option):
                return None
        elif valued and alone.fullmatch(option):
            # An unknown value may become several words, and one of them the command.
            if words and UNKNOWN in words.pop(0).text:
                return None
        elif not other.fullmatch(option):
            return None
    return tuple(words)


def env(call: ProgramCall) -> Ruling:
    words = _command(call, flags="i0v", valued="u", known=("--ignore-environment", "--null"))
    if words is None:
        return Refer("env with options that are not judged")
    found: list[Ruling] = []
    while words and (setting := VARIABLE.fullmatch(words[0].text)):
        found.append(assigns(setting[1], setting[2]))
        words = words[1:]
    if words:
        found.append(call.inner(words))
    return strictest(found)


def sudo(call: ProgramCall) -> Ruling:
    words = tuple(word for word in call.args if not word.text.startswith("-"))
    inner = call.inner(words) if words else Allow()
    # It is refused in any case. The refusal of the inner command is the better reason.
    return inner if isinstance(inner, Refuse) else Refuse(f"{call.name} runs as another user")


def xargs(call: ProgramCall) -> Ruling:
    known = ("--null", "--no-run-if-empty", "--verbose", "--delimiter=", "--max-args=")
    words = _command(call, flags="0rtx", valued="dLnPsE", known=known)
    if words is None:
        return Refer("xargs with options that are not judged")
    if not words:
        return Allow()
    # Nothing is known about the arguments from the pipe, unless they are names of the tree.
    unknown = ShellWord("./*", glob=True) if call.where.names else ShellWord(UNKNOWN)
    plain = call.inner((*words, unknown))
    if isinstance(plain, Allow) and call.where.names:
        # A pattern that also matches `.git`, to see whether the command would change its files.
        other = call.inner((*words, ShellWord("./[.a-z]*", glob=True)))
        return plain if isinstance(other, Allow) else Refer("xargs may change git's own files")
    return plain


def shell(call: ProgramCall) -> Ruling:
    from_text = False
    words = list(call.args)
    while words and words[0].text[:1] in ("-", "+") and words[0].text != "-":
        option = words.pop(0).text
        if option in SHELL_LONG:
            continue
        if not SHELL_FLAGS.fullmatch(option):
            return Refer(f"{call.name} with options that are not judged")
        from_text = from_text or "c" in option
        if option[-1] in "oO":
            words = words[1:]
    if not words or words[0].text == "-":
        return Refer(f"{call.name} reads its commands from its input")
    return _text(call, words[0]) if from_text else _file(call, words[0])


def eval_line(call: ProgramCall) -> Ruling:
    words = [word for word in call.args if word.text != "--"]
    if any(UNKNOWN in word.text or word.home for word in words):
        return Refer("eval of an unknown text")
    # Never allowed: a `cd` in it would change the folder of the commands after it.
    ruling = call.script(" ".join(word.text for word in words))
    return ruling if isinstance(ruling, Refuse) else Refer("eval is not judged")


def source(call: ProgramCall) -> Ruling:
    return _file(call, call.args[0]) if call.args else Refer("source without a script")


def declare(call: ProgramCall) -> Ruling:
    found: list[Ruling] = [Refer("a variable that refers to another")] if call.has("-n") else []
    for word in call.args:
        name, _, value = word.text.partition("=")
        if UNKNOWN in name:
            found.append(Refer("the name of the variable is unknown"))
        elif not word.text.startswith("-"):
            found.append(assigns(name, value if "=" in word.text else "?"))
    return strictest(found)


def for_loop(call: ProgramCall) -> Ruling:
    # The values are not followed, so the variable must be harmless with any of them.
    return assigns(call.texts[0], "?") if call.args else Allow()


def _text(call: ProgramCall, word: ShellWord) -> Ruling:
    if UNKNOWN in word.text or word.home:
        return Refer(f"{call.name} runs an unknown text")
    return call.script(word.text)


def _file(call: ProgramCall, word: ShellWord) -> Ruling:
    return Allow() if call.owns(word) else Refer(f"{call.name} runs a script from outside the tree")
