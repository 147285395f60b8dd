"""The shell's own words: what is parsed is what real shells run, or it is refused."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agentproxy.policy.shell import ShellWord, Simple, Unclear, parse

PROGRAMS = ("A", "B", "C", "D")
# One write for each record, so that programs of one pipe do not mix theirs.
RECORDER = """#!/bin/sh
record=$(basename "$0")
for word in "$@"; do record="$record$(printf '\\037')$word"; done
printf '%s\\036' "$record" >> "$RECORDS"
"""
PIECES = (
    *PROGRAMS,
    *(" ", " ", " ", ";", "&&", "||", "|", "|&", "&", "\n", "(", ")", "{ ", "; }", "'", '"', "\\"),
    *("$(", "`", ")", "<(", ">", "<", ">>", "&>", ">&", "2>&1", "#", " # ", "x", "y", "$v", "${v}"),
    *("$HOME", "*", "?", "~", "{x,y}", "if ", "; then ", "; fi", "! ", "for i in x y; do "),
    *("; done", "v=1 ", "=", "\\\n", "$", "!", "[", "]", "{", "}", ",", "-", "1>", "<<<", "case "),
    *("esac", "function ", "((", "))", "[[ ", " ]]", "\t", "while ", "do ", "B()", "else "),
)


def texts(commands: Sequence[Simple]) -> list[list[str]]:
    return [[word.text for word in command.words] for command in commands]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", [["a", "b"]]),
        ("a&&b||c;d|e&f\ng", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("'a b' \"c d\" e\\ f g''h", [["a b", "c d", "e f", "gh"]]),
        ("a # b; c", [["a"]]),
        ("a#b", [["a#b"]]),
        ("a \\\n b", [["a", "b"]]),
        ("a '' \"\"", [["a", "", ""]]),
        ("(a; b) | { c; }", [["a"], ["b"], ["c"], []]),
        ("if a; then b; else c; fi", [["a"], ["b"], ["c"], []]),
        ("a \"$x\" ${y:-z} '$x'", [["a", "\0", "\0", "$x"]]),
        ("a ~/b $HOME/c $PWD/d", [["a", "~/b", "~/c", "./d"]]),
        ("a {b,c} {d..e} {} {f", [["a", "\0", "\0", "{}", "{f"]]),
        ("v=1 a w=2", [["a", "w=2"]]),
    ],
)
def test_words_are_as_the_shell_makes_them(text: str, words: list[list[str]]) -> None:
    assert texts(parse(text)) == words


def test_redirections_and_variables_stand_beside_the_words() -> None:
    (command,) = parse("v=1 w=x a <in >out 2>>err 2>&1 >&- <<<given b")
    assert texts([command]) == [["a", "b"]]
    assert [name for name, _ in command.assigned] == ["v", "w"]
    assert [word.text for word in command.read] == ["in"]
    assert [word.text for word in command.written] == ["out", "err"]
    assert [word.text for word in command.given] == ["given"]


def test_commands_in_words_are_found_at_every_depth() -> None:
    (command,) = parse('a "$(b `c` <(d))" > $(e)')
    assert sorted(command_names([command])) == ["a", "b", "c", "d", "e"]


def test_what_a_pattern_or_a_home_becomes_is_not_certain() -> None:
    (command,) = parse("a b* '*' ~ '~' \"$x\" c")
    assert [word.certain for word in command.words] == [True, False, True, False, True, False, True]


def test_and_says_nothing_after_a_group_or_a_negation() -> None:
    assert [command.joined for command in parse("a && b || c | d; e & f")] == [
        *(";", "&&", "||", "|", ";", ";")
    ]
    assert [command.joined for command in parse("(a) && b")] == [";", ";"]
    assert [command.joined for command in parse("! a && b")] == [";", ";"]
    assert [command.joined for command in parse("a |\n\n b")] == [";", "|"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "'",
            '"',
            "`",
            "$(",
            "(",
            ")",
            "a;;b",
            "a <<E\nE",
            "a() { b; }",
            "$((1))",
            "((1))",
            "$[1]",
        ),
        *("${a@P}", "${a:=b}", "${!a}", "${a[0]}", "$'a'", '$"a"', "case a in b) c;; esac", "a \\"),
        *("function a { b; }", "select a in b; do c; done", "coproc a", "a=(b)", "a @(b|c)", ">"),
        *("a\x1b", "a\x7f", "a\0", "a\u200b", "a\u2028b", "a\r", "\ud800", "(" * 50, "a;" * 500),
        *("a >", "a <()", "a >&-b", "a >&1b", "a &>b c", "a $\\\nb"),
    ],
)
def test_what_is_not_certain_is_refused(text: str) -> None:
    with pytest.raises(Unclear):
        parse(text)


def every(commands: Sequence[Simple]) -> Iterator[Simple]:
    for command in commands:
        yield command
        for word in command.every_word:
            yield from every(word.inner)


def command_names(commands: Sequence[Simple]) -> list[str]:
    return [command.words[0].text for command in every(commands) if command.words]


def ran(shell: str, text: str, folder: Path) -> tuple[list[list[str]], set[str]]:
    """What a real shell ran of the programs, and which files it made."""
    work, records = folder / "work", folder / "records"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    records.write_bytes(b"")
    # The end of this pipe is the end of every process, also of those in the background.
    reading, writing = os.pipe()
    env = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nonexistent", "RECORDS": str(records)}
    process = subprocess.Popen(
        [shell, "-c", text],
        cwd=work,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writing,),
    )
    os.close(writing)
    process.wait(timeout=10)
    with os.fdopen(reading, "rb") as end:
        end.read()
    found = records.read_text(errors="surrogateescape").split("\x1e")
    return [record.split("\x1f") for record in found if record], set(os.listdir(work))  # noqa: PTH208


def explains(commands: Sequence[Simple], record: list[str]) -> bool:
    for command in every(commands):
        words: tuple[ShellWord, ...] = command.words
        if words and not words[0].certain:
            return True
        if words and words[0].text == record[0]:
            known = all(word.certain and not word.inner for word in words)
            if not known or [word.text for word in words] == record:
                return True
    return False


ODD = (
    *("A >o B", "A &> o B", "A && B > o C", "A | B > o C", "A 3<>o B", "A >o <<<x B", "A 2>&1x"),
    *("A a\\\nb", "A a\\\n b", "A \\\n\\\nb", "A 'a\\\nb'", 'A "a\\\nb"', "\\\nA b", "A\\\n;B c"),
    *(
        "{A;}",
        "A {b;}",
        "{ A; }",
        "A }",
        "A {",
        "!A",
        "A !b",
        "! A",
        "A if then fi",
        "if A; then B; fi",
    ),
    *("A a#b", "A a #b", "A \\#b", "A '#' #", "A b;#c", "A;;B", "A |& B c", "A 1 2>o", "A 1 >o"),
    *(
        "A x2>o",
        "A >|o B",
        "A >&o B",
        "A >o>p B",
        "A $'x'",
        'A $"x"',
        "A $",
        "A $ b",
        'A "$" b',
        "A $%",
    ),
    *(
        "A ${x}b",
        "A a$x",
        "A a{b,c}",
        "A {b}",
        "A {1..3}",
        "A {,}",
        "A '{b,c}'",
        "A \\{b,c}",
        "A {b\\,c}",
    ),
    *(
        "A ~",
        "A '~'",
        "A a~",
        "A a=~",
        "A [x]",
        "A '*'",
        "A \\*",
        "A a=b",
        "x=1 A x=2",
        "A x+=1",
        "A --x=y",
    ),
    *(
        "A <<'E'\n$(B)\nE",
        "A <<E; B\nx\nE",
        "A <<E\n`B`\nE",
        "A () { B; }",
        "A(){ B; }",
        "A b)",
        "(A)B",
    ),
    *(
        "A `B \\`C\\``",
        "A $(B)c",
        "A <(B)",
        'A "`B`"',
        "A $(B",
        "A b\\",
        "A 'b",
        'A "b',
        "A '' b",
        'A ""',
    ),
    *(
        "A !!",
        "A ^a^b",
        "A b^c",
        "A %1",
        "A =b",
        "A :",
        "A\tb",
        "A b&C d",
        "A @(b)",
        "A a]b",
    ),
    *(
        "A && \n B c",
        "A ||\n\n B",
        "A |\n B c",
        "for x in y; do A z; done",
        "case A in *) B;; esac",
    ),
    *(
        "A $((1+1))",
        "((1)) && A",
        "[[ a ]] && A b",
        "[ a ] && A b",
        "A [ b ]",
        "A b[0]=c",
        "A b=(c)",
    ),
    *(
        "x=(A) B",
        "A \u00a0b",
        "A b\u00a0c",
        "A -- -x",
        "A 'it'\\''s'",
        "A \"a'b\" 'c\"d'",
        "A \\$x",
        "A '$x'",
    ),
)


def recorders(folder: Path) -> None:
    for name in PROGRAMS:
        (folder / name).write_text(RECORDER)
        (folder / name).chmod(0o755)


def test_what_is_certain_of_odd_lines_is_what_bash_makes_of_them(tmp_path: Path) -> None:
    recorders(tmp_path)
    certain = 0
    for text in ODD:
        try:
            commands = parse(text)
        except Unclear:
            continue
        records, files = ran("bash", text, tmp_path)
        certain += 1
        assert [record for record in records if not explains(commands, record)] == [], text
        written = [word for command in every(commands) for word in command.written]
        assert files <= {word.text for word in written}, text
    assert certain > 60


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_real_shells_run_nothing_and_write_nothing_that_was_not_parsed(
    shell: str, tmp_path: Path
) -> None:
    recorders(tmp_path)
    chance = random.Random(20)
    parsed = started = 0
    for _ in range(1500):
        text = "A " + "".join(chance.choices(PIECES, k=chance.randint(2, 9)))
        try:
            commands = parse(text)
        except Unclear:
            continue
        records, files = ran(shell, text, tmp_path)
        parsed += 1
        started += bool(records)
        assert [record for record in records if not explains(commands, record)] == [], text
        written = [word for command in every(commands) for word in command.written]
        names = {word.text for word in written if word.certain}
        assert files <= names or not all(word.certain for word in written), text
    assert parsed > 300
    assert started > 200
