"""What is secret: file names, variable names, words, and shapes of values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

# Names of files and folders with secrets, in any folder.
SECRET_FILES = (
    ".ssh", ".aws", ".azure", ".gnupg", ".kube", ".docker", ".netrc", ".pgpass", ".npmrc",
    ".pypirc", ".git-credentials", ".password-store", "id_rsa", "id_ed25519", "credentials",
    "credentials.json", "credentials.toml", ".credentials.json", "auth.json",
)  # fmt: skip
KEY_FILE = re.compile(r".*\.(?:pem|key|p12|pfx|keystore|jks)")
# A worker may not read a path outside the tree that has one of these names in it.
NEVER_READ = (
    *SECRET_FILES, "gcloud", "gh", "environ", "shadow", "sudoers", ".claude", ".codex", ".gemini",
    ".bash_history", "keyrings",
)  # fmt: skip
# A folder that directly contains one of these names is not shown in the sandbox.
CLOSES_A_FOLDER = frozenset((*SECRET_FILES, ".config"))
# Environment variables with a secret.
SECRET_VARIABLE = re.compile(
    r"(^|_)(API_?KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY|AUTH_KEY|TOKEN|SECRET|PASSWD|PASSPHRASE)$"
    r"|PASSWORD$",
    re.IGNORECASE,
)
# A question that asks for a secret.
ASKS_FOR_A_SECRET = re.compile(
    r"\b(?:passwords?|passphrases?|credentials?|secrets?|(?:api|private|access|secret)[ _-]?keys?"
    r"|\w+_(?:key|token|secret|password))\b",
    re.IGNORECASE,
)
# A sentence that states a secret, also a short one without a known shape.
TELLS_A_SECRET = re.compile(
    r"(?:key|token|secret|pass(?:word|phrase)?|pwd|credentials?)\w*[\"']?\s*(?:[:=]|\bis\b)\s*\S",
    re.IGNORECASE,
)

# In JSON text a token often follows an escape or a colour: `\n`, `\u001b`, `[31m` end in letters.
_START = r"(?:(?<![A-Za-z0-9_])|(?<=\\[bfnrt])|(?<=\\u00[01][0-9a-f])|(?<=[0-9]m))"
_QUOTE = r"""(?:\\*["'])?"""
_DELIMITERS = r"""\s"'`\\,;&<>()\[\]{}|"""
# A number may be outside of strings in JSON, where a replacement would break it. `$VARIABLE` is no
# secret itself.
_NO_SECRET = r"(?!-?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?(?:[,}\]\s]|$)|[$%])"
# A value with letters and digits or signs, that is neither called nor indexed like code.
_ASSIGNED = (
    rf"s?{_QUOTE}[ \t]{{0,4}}(?:={{1,3}}>?|:(?!:)=?)[ \t]{{0,4}}{_QUOTE}{_NO_SECRET}"
    rf"(?P<secret>(?=[^{_DELIMITERS}0-9!#^*~%]{{0,200}}+[0-9!#^*~%])"
    rf"(?=[^{_DELIMITERS}A-Za-z]{{0,200}}+[A-Za-z])[^{_DELIMITERS}]{{6,1024}}+)(?![(\[{{])"
)
_KEY_OF = "".join(
    f"|(?<={word}{joint})"
    for word in ("api", "access", "private", "account", "auth", "signing", "encryption")
    for joint in ("", "[_-]")
).removeprefix("|")
_PEM_BODY = r"(?:[A-Za-z0-9+/=:,.() \r\n\t]++|\\++[nrt]|-(?!----))*+"
_PEM_LINES = r"(?:(?:\\++[nr]|[\r\n])*+[A-Za-z0-9+/=]{16,}+)*+"


@dataclass(frozen=True)
class Shape:
    """A kind of secret. `expression` is tried at each of `hints` in the lower-case text."""

    # A match has no quote, and a backslash only with the character that it escapes: redacted JSON
    # stays valid. The secret is the group `secret`, or the whole match without that group.
    hints: tuple[str, ...]
    expression: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        # Compiled at first use: compiling all takes longer than a start of `pa`.
        return re.compile(self.expression)

    def spans(self, text: str, *, lowered: str, hint: str) -> Iterator[tuple[int, int]]:
        group = "secret" if "secret" in self.pattern.groupindex else 0
        at = lowered.find(hint)
        while at >= 0:
            match = self.pattern.match(text, at)
            if match is not None:
                yield match.span(group)
            at = lowered.find(hint, at + len(hint) if match is None else match.end())


def _shape(hints: str, expression: str) -> Shape:
    return Shape(tuple(hints.split()), expression)


# Shapes of secret values that are not in the settings.
SHAPES = (
    _shape(
        "-----begin",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        rf"(?:{_PEM_BODY}-----END [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----|{_PEM_LINES})",
    ),
    _shape(
        "sk-",
        _START + r"sk-(?:(?:ant|proj|svcacct|admin|or|lf)-[A-Za-z0-9_-]{16,}"
        r"|(?=[A-Za-z]{0,40}[0-9])[A-Za-z0-9]{20,})",
    ),
    _shape("k_live_ k_test_", r"(?<=[sr])k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _shape("gh", r"gh[pousr]_[A-Za-z0-9]{30,}"),
    _shape("github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _shape("akia asia", r"(?<![A-Z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _shape("aiza", r"AIza[A-Za-z0-9_-]{35}"),
    _shape("ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    _shape("xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _shape("xapp-", r"xapp-[A-Za-z0-9-]{10,}"),
    _shape("hooks.slack", r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,})"),
    _shape("glpat-", r"glpat-[A-Za-z0-9_-]{20,}"),
    _shape("npm_", r"npm_[A-Za-z0-9]{30,}"),
    _shape("pypi-ag", r"pypi-Ag[A-Za-z0-9_-]{40,}"),
    _shape("hf_", r"hf_[A-Za-z0-9]{30,}"),
    _shape("e2b_", r"e2b_[a-f0-9]{30,}"),
    _shape("gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    _shape("xai-", _START + r"xai-[A-Za-z0-9]{40,}"),
    _shape("sg.", r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}"),
    _shape(":aa", r"(?<=[0-9]{8}):AA[A-Za-z0-9_-]{32,}"),  # Telegram: the digits name the bot
    _shape(
        "eyj",
        _START + r"eyJ[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}",
    ),
    _shape("://", r'://[^\s"\\/@:?#]{0,64}:(?P<secret>[^\s"\\/@]{1,256})@'),
    _shape(
        "bearer",
        r"(?i)bearer[ :]{1,3}(?P<secret>(?=[a-z._~+/-]{0,200}[0-9])[a-z0-9._~+/-]{16,}={0,2})",
    ),
    _shape(
        "authorization",
        rf"(?i)authorization{_QUOTE}\s{{0,3}}[:=]\s{{0,3}}{_QUOTE}(?:basic|token)\s{{1,3}}"
        r"(?P<secret>[a-z0-9._~+/-]{8,}={0,2})",
    ),
    _shape("passw", rf"(?i:passw(?:or[dt]|d)){_ASSIGNED}"),
    _shape("passphrase", rf"(?i:passphrase){_ASSIGNED}"),
    _shape("secret", rf"(?i:secret){_ASSIGNED}"),
    _shape("token", rf"(?i:token){_ASSIGNED}"),
    _shape("credential", rf"(?i:credential){_ASSIGNED}"),
    _shape("key", rf"(?i:(?:{_KEY_OF})key){_ASSIGNED}"),
)
# The beginning of a private key whose end is not there yet.
_UNFINISHED_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    rf"{_PEM_BODY}(?:-----(?:E|EN|END[A-Z0-9 ]{{0,60}}-{{0,4}})?)?\Z"
)
_LONGEST_KEY = 20_000  # characters
# Text after which a secret comes: `password = `, `Authorization: Basic `.
_BEFORE_A_SECRET = re.compile(
    r"(?:bearer|authorization\W{1,12}(?:basic|token)"
    r"|(?:passw(?:or)?d|passwort|passphrase|secret|token|credential|key)s?)"
    r"[\\\"']{0,4}[ \t]{0,4}[:=>]{0,4}[ \t]{0,4}[\\\"']{0,4}\Z",
    re.IGNORECASE,
)
_BEFORE = 80  # characters
# Flat: nearly every text has no hint, so the search for hints is the whole cost.
BY_HINT = {hint: shape for shape in SHAPES for hint in shape.hints}
LONGEST_HINT = max(len(hint) for hint in BY_HINT)


def secret_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of values that look like secrets, in time linear in the text."""
    lowered = _lowered(text)
    for hint, shape in BY_HINT.items():
        if hint in lowered:
            yield from shape.spans(text, lowered=lowered, hint=hint)


def has_secret_hint(text: str) -> bool:
    """Whether `secret_spans` has to look at the text."""
    lowered = _lowered(text)
    for hint in BY_HINT:  # noqa: SIM110 - this runs for each fragment, and `any` costs twice as much
        if hint in lowered:
            return True
    return False


def is_before_a_secret(text: str) -> bool:
    """Whether the text ends where a secret may follow on the same line."""
    return _BEFORE_A_SECRET.search(text[-_BEFORE:]) is not None


def private_key_begun_at(text: str) -> int:
    """Index of a private key that the end of the text cuts off, or the text's length."""
    at = text.find("-----BEGIN", max(0, len(text) - _LONGEST_KEY))
    while at >= 0 and not _UNFINISHED_KEY.match(text, at):
        at = text.find("-----BEGIN", at + 1)
    return at if at >= 0 else len(text)


def tells_a_secret(text: str) -> bool:
    return TELLS_A_SECRET.search(text) is not None or any(True for _ in secret_spans(text))


def _lowered(text: str) -> str:
    # Offsets must stay valid: U+0130 is the only character whose lower case is longer.
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text.replace("\u0130", "I").lower()
