"""What the system reports, without its numbers. Pure."""


def in_words(error: Exception) -> str:
    """Returns "PATH: REASON" of an error of the system, and the text of another one."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.filename or ''}: {error.strerror}".removeprefix(": ")
