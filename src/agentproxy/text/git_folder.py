"""Which names are git's own folder. The only definition, for files, settings and the policy."""

import unicodedata


def is_git_folder(name: str) -> bool:
    """Whether some file system may take this name of a path for `.git`."""
    # Some file systems ignore case or Unicode form. Windows drops dots and blanks at the end, has
    # the short name `git~1`, and reads a stream name after a colon.
    plain = unicodedata.normalize("NFKC", name).casefold()
    return plain.partition(":")[0].rstrip(". ") in (".git", "git~1")
