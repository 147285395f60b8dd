"""Which names are git's own folder: the one definition, for files, settings and the policy."""

import unicodedata


def is_git_folder(name: str) -> bool:
    """Whether a file system may take one name of a path for `.git`.

    Some do not tell apart upper and lower case, or forms of a letter; some drop dots and blanks at
    the end, or have a short name for it; to some, a colon begins the name of a stream of the file.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return plain.partition(":")[0].rstrip(". ") in (".git", "git~1")
