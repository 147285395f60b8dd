"""Who may come in of those who have signed in. Pure."""

from collections.abc import Iterable, Mapping

from agentproxy.server.entrance.sign_in.port import Denied, Person, Verdict

MAX_NAME_CHARACTERS = 200


class Allowed:
    """The addresses and domains of SIGN_IN_ALLOWED, in lower case."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = frozenset(entries)

    def verdict(self, claims: Mapping[str, object], *, until: float) -> Verdict:
        """Returns the person of a token whose signature, audience and times are right."""
        email = claims.get("email")
        # Two addresses outside of ASCII may look the same, and two readers may see two domains.
        if not isinstance(email, str) or not email.isascii() or email.count("@") != 1:
            return Denied(403, "the token names no email address: ask Google for the scope email")
        if claims.get("email_verified") is not True:
            return Denied(403, "Google has not verified the email address of this account")
        if not self._names(email.lower(), is_hosted=bool(claims.get("hd"))):
            return Denied(403, f"{email} is not allowed here: SIGN_IN_ALLOWED names who is")
        name = claims.get("name")
        return Person(email, name[:MAX_NAME_CHARACTERS] if isinstance(name, str) else None, until)

    def _names(self, email: str, *, is_hosted: bool) -> bool:
        # Of an account without a domain at Google it is only known that its owner once read mail at
        # the address: who has left a company keeps the account with the company's address.
        domain = email.rpartition("@")[2]
        return email in self._entries or (is_hosted and f"@{domain}" in self._entries)
