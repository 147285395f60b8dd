"""What secrets look like when nobody told us their value."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# In JSON text a token often follows an escape or a colour: `\n`, `\u001b`, `[31m` end in letters.
_START = r"(?:(?<![A-Za-z0-9_])|(?<=\\[bfnrt])|(?<=\\u00[01][0-9a-f])|(?<=[0-9]m))"
_QUOTE = r"""(?:\\*["'])?"""
_DELIMITERS = r"""\s"'`\\,;&<>()\[\]{}|"""
# A number is left alone, because in JSON it may stand outside of strings; so is `$VARIABLE`.
_NO_SECRET = r"(?!-?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?(?:[,}\]\s]|$)|[$%])"
# Clearly a secret: letters mixed with digits or signs, and neither called nor indexed like code.
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


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of secret: `pattern` is tried where a hint occurs in the text in lower case.

    What its group `secret` matches must go, or all that it matches when it has no such group. It
    matches no quote, and a backslash only together with what it escapes.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]

    def spans(self, text: str, *, lowered: str, hint: str) -> Iterator[tuple[int, int]]:
        """Where such secrets stand, in time linear in the text."""
        group = "secret" if "secret" in self.pattern.groupindex else 0
        at = lowered.find(hint)
        while at >= 0:
            match = self.pattern.match(text, at)
            if match is not None:
                yield match.span(group)
            at = lowered.find(hint, at + len(hint) if match is None else match.end())


def _shape(hints: str, pattern: str) -> Shape:
    return Shape(tuple(hints.split()), re.compile(pattern))


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
# Flat, because nearly every text has none of the hints: looking for them is all that it costs.
BY_HINT = {hint: shape for shape in SHAPES for hint in shape.hints}
