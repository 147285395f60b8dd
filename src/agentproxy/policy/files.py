"""The rules of programs that read and change files."""

import re
from dataclasses import replace

from agentproxy.policy import places
from agentproxy.policy.calls import ProgramCall, hides_options, names, pathlike
from agentproxy.policy.rulings import Allow, Refer, Refuse, Ruling, strictest
from agentproxy.policy.shell import UNKNOWN, ShellWord

READERS = names(
    "cat head tail less more wc ls dir tree stat file du nl od xxd hexdump strings md5sum sha1sum",
    "sha256sum sha512sum b2sum cksum cmp diff comm sort uniq cut tr paste column fold fmt tac rev",
    "realpath readlink basename dirname test [ [[ bat join expand unexpand zcat bzcat xzcat look",
    "jq yq grep egrep fgrep zgrep rg ag ack fd fdfind sum base64 base32 iconv exa eza",
)
# The first argument of these is a pattern, not a file.
PATTERN_FIRST = names("grep egrep fgrep zgrep rg ag ack jq yq fd fdfind")
# Short options that take the next argument.
VALUED = {"grep": "ABCmedD", "rg": "ABCmegtTjM", "head": "nc", "tail": "nc", "cut": "dfcb"}
PATTERN_OPTIONS = ("-e", "-f", "--regexp", "--file", "--files", "--from-file")
# Options that run other programs or change files.
RUNNING_OPTIONS = {
    "rg": ("--pre", "--hostname-bin"),
    "sort": ("--compress-program",),
    "fd": ("-x", "-X", "--exec", "--exec-batch"),
    "fdfind": ("-x", "-X", "--exec", "--exec-batch"),
    "ag": ("--pager",),
    "bat": ("--pager", "-p"),
    "ack": ("--pager",),
    "zip": ("-T", "-TT", "--unzip-command"),
    "split": ("--filter",),
    "yq": ("-i", "--inplace"),
    "chmod": ("--reference",),
}
WRITING_OPTIONS = {"sort": ("-o", "--output"), "tree": ("-o",), "file": ("-C",), "iconv": ("-o",)}
WRITERS = names(
    "touch mkdir mv ln rmdir tee truncate install gzip gunzip bzip2 bunzip2 xz unxz zstd unzip zip",
    "split csplit patch mktemp mkfifo shred unlink",
)
# The patterns of sed are possessive (`*+`), so that a long script cannot make them slow. The
# commands `e` and `w`, and the flags of these names, run programs and write files: no match.
SED_REGEX = r"/(?:\\.|[^/\\\n])*+/I?"
SED_ADDRESS = rf"(?:(?:\d+|\$|{SED_REGEX})(?:[,~]\+?(?:\d+|\$|{SED_REGEX}))?\s*!?\s*)?"
SED_STEP = re.compile(
    rf"[\s;{{}}]*+{SED_ADDRESS}[\s{{]*+"
    r"(?:s([/|#,@:%!+~^])(?:(?:\\.|(?!\1)[^\\\n])*+\1){2}[gpiIm0-9]*+"
    r"|y([/|,])(?:(?:\\.|(?!\2)[^\\\n])*+\2){2}"
    r"|[pdDgGhHnNxPqQ=]|[aic][^\n]*+(?=\n|\Z))?"
    r"[ \t]*+(?:[;}\n]+|\Z)"
)
AWK_DANGERS = re.compile(r"system|getline|[|>@]|close|inplace|load")


def reader(call: ProgramCall) -> Ruling:
    """Rules on programs that only read, except with some options."""
    if call.has(*RUNNING_OPTIONS.get(call.name, ())):
        return Refer(f"{call.name} may run other programs or change files")
    if call.has(*WRITING_OPTIONS.get(call.name, ())) or (call.name == "xxd" and call.has("-r")):
        return strictest([call.writes(call.positionals()), call.writes(call.values())])
    if hides_options(call.args) and (call.name in RUNNING_OPTIONS or call.name in WRITING_OPTIONS):
        return Refer(f"the options of {call.name} are unknown")
    if call.name in ("less", "more") and any(text.startswith("+") for text in call.texts):
        return Refer(f"{call.name} may run a command")
    words = call.positionals(valued=VALUED.get(call.name, ""))
    if call.name in PATTERN_FIRST and not call.has(*PATTERN_OPTIONS):
        words = words[1:]
    found = [call.reads(words), call.reads(pathlike(call.values()))]
    # The second file of `uniq` is its output.
    if call.name == "uniq":
        found.append(call.writes(words[1:]))
    return strictest(found)


def condition(call: ProgramCall) -> Ruling:
    # `[[ a[$(x)] -eq 1 ]]` runs x, although the text is quoted.
    if any("$(" in text or "`" in text for text in call.texts):
        return Refer("a condition that may run a command")
    return call.reads(pathlike(word for word in call.args if UNKNOWN not in word.text))


def writer(call: ProgramCall) -> Ruling:
    """Rules on programs that change the files in their arguments."""
    if call.has(*RUNNING_OPTIONS.get(call.name, ())):
        return Refer(f"{call.name} may run other programs or change files")
    return strictest([call.writes(call.positionals()), call.writes(pathlike(call.values()))])


def cp(call: ProgramCall) -> Ruling:
    words = call.positionals()
    # With -t the destination is not the last argument.
    if call.has("-t", "--target-directory") or hides_options(words):
        return strictest([call.writes(words), call.writes(call.values())])
    return strictest([call.reads(words[:-1]), call.writes(words[-1:])])


def rm(call: ProgramCall) -> Ruling:
    words = call.positionals()
    ruling = call.writes(words)
    where = call.where
    if isinstance(ruling, Allow) and any(
        places.is_whole_tree(word, folder, where.policy)
        for word in words
        for folder in where.folders
    ):
        return Refer("removes the whole tree")
    return ruling


def chmod(call: ProgramCall) -> Ruling:
    words = call.positionals()
    if not words or call.has("--reference"):
        return Refer("the new mode is unknown")
    # Setuid, setgid and the sticky bit.
    if re.search(r"s|[1-7][0-7]{3}$|[+-][^,]*[st]", words[0].text) or not words[0].certain:
        return Refer("chmod with more than the usual permissions")
    everywhere = call.has("-R", "--recursive") and not isinstance(_many(call, words[1:]), Allow)
    return Refer("chmod of the whole tree") if everywhere else call.writes(words[1:])


def tar(call: ProgramCall) -> Ruling:
    if call.args and call.args[0].bare and not call.texts[0].startswith("-"):
        # The first word of `tar` may be options without a dash, as in `tar xf`.
        first = replace(call.args[0], text="-" + call.texts[0])
        call = replace(call, args=(first, *call.args[1:]))
    running = ("--to-command", "--checkpoint-action", "--use-compress-program", "-I", "-F", "-P")
    more = ("--absolute-names", "--info-script", "--new-volume-script", "--rsh-command")
    if call.has(*running, *more) or hides_options(call.args):
        return Refer("tar may run other programs or leave the tree")
    remote = any(":" in word.text for word in call.args)
    if remote:
        return Refer("tar may reach another machine")
    return strictest([call.writes(call.positionals()), call.writes(pathlike(call.values()))])


def dd(call: ProgramCall) -> Ruling:
    found: list[Ruling] = []
    for word in call.args:
        key, _, value = word.text.partition("=")
        path = ShellWord(value, glob=word.glob, home=value.startswith("~"))
        if key == "of":
            found.append(call.writes([path]))
        elif key == "if":
            found.append(call.reads([path]))
        elif not word.certain:
            found.append(Refer("the arguments of dd are unknown"))
    return strictest(found)


def sed(call: ProgramCall) -> Ruling:
    if call.has("-f", "--file") or hides_options(call.args):
        return Refer("the sed script is not on the command line")
    in_place = [text for text in call.texts if re.match(r"-[nErsuz]*i|--in-place", text)]
    if any(
        not re.fullmatch(r"-[nErsuz]*i(?:\.?\w*)|--in-place(?:=\.?\w*)?", text) for text in in_place
    ):
        return Refer("sed with a backup elsewhere")
    named = list(call.positionals(valued="el"))
    scripts = _after_options(call, ("-e", "--expression"))
    if not scripts:
        scripts, named = named[:1], named[1:]
    if not all(word.certain or (word.glob and UNKNOWN not in word.text) for word in scripts):
        return Refer("the sed script is unknown before the shell runs")
    if not all(_sed_is_harmless(word.text) for word in scripts):
        return Refer("a sed script that may write files or run programs")
    return call.writes(named) if in_place else call.reads(named)


def awk(call: ProgramCall) -> Ruling:
    named = list(call.positionals(valued="Fv"))
    if (
        call.has("-f", "-i", "-l", "-E", "-e", "--source", "--file", "--include", "--exec")
        or not named
    ):
        return Refer("the awk program is not on the command line")
    if not named[0].certain or AWK_DANGERS.search(named[0].text):
        return Refer("an awk program that may write files or run programs")
    return call.reads(word for word in named[1:] if "=" not in word.text)


def find(call: ProgramCall) -> Ruling:
    if hides_options(call.args):
        return Refer("the options of find are unknown")
    start = _start(call)
    found = [call.reads(start)]
    if "-files0-from" in call.texts:
        return Refer("the folders that find searches are unknown")
    for place, text in enumerate(call.texts):
        if text == "-delete":
            found += [call.writes(start), _many(call, start)]
        elif text in ("-fprint", "-fprint0", "-fprintf", "-fls"):
            found.append(call.writes(call.args[place + 1 : place + 2]))
        elif text in ("-exec", "-execdir", "-ok", "-okdir"):
            found.append(_runs(call, start, place=place + 1))
    return strictest(found)


def _runs(call: ProgramCall, start: tuple[ShellWord, ...], *, place: int) -> Ruling:
    rest = call.args[place:]
    end = next((at for at, word in enumerate(rest) if word.text in (";", "+")), len(rest))
    command = rest[:end]
    if any(word.text != "{}" and "{}" in word.text for word in command):
        # In `sh -c 'rm {}'` a name of a file becomes a part of a command.
        return Refer("find would put the names of files into a text")
    given = [_on(call, command, found) for found in start]
    # A pattern that also matches `.git`, to see whether the command would change git's own files.
    if isinstance(_on(call, command, ShellWord("./[.a-z]*", glob=True)), Refuse):
        given.append(_many(call, start))
    return strictest(given)


def _on(call: ProgramCall, command: tuple[ShellWord, ...], found: ShellWord) -> Ruling:
    name = replace(found, glob=True)
    return call.inner(tuple(name if word.text == "{}" else word for word in command))


def _start(call: ProgramCall) -> tuple[ShellWord, ...]:
    words: list[ShellWord] = []
    for word in call.args:
        if word.text in ("-H", "-L", "-P"):
            continue
        if word.text.startswith(("-", "(", "!")):
            break
        words.append(word)
    return tuple(words) or (ShellWord("."),)


def _many(call: ProgramCall, start: tuple[ShellWord, ...]) -> Ruling:
    whole = any(
        places.is_whole_tree(word, folder, call.where.policy)
        for word in start
        for folder in call.where.folders
    )
    return (
        Refer("find would change files anywhere in the tree, also git's own") if whole else Allow()
    )


def _after_options(call: ProgramCall, options: tuple[str, ...]) -> list[ShellWord]:
    found: list[ShellWord] = []
    for place, word in enumerate(call.args):
        name, _, value = word.text.partition("=")
        if (
            word.text.startswith("--")
            and value
            and call.has(*options)
            and options[1].startswith(name)
        ):
            found.append(ShellWord(value))
        elif re.fullmatch(r"-[nErsuzi]*e", word.text):
            found.extend(call.args[place + 1 : place + 2])
        elif re.match(r"-e.", word.text):
            found.append(ShellWord(word.text[2:]))
    return found


def _sed_is_harmless(script: str) -> bool:
    at = 0
    while found := SED_STEP.match(script, at):
        at = found.end()
        if at == len(script):
            return True
    return False
