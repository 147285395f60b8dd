"""What is wrong and what a person can do, in one line. Pure."""


def with_cure(error: str, cure: str) -> str:
    """Joins them. A vendor's error may end like a sentence."""
    said = error.rstrip(" .\n") if cure else error
    return "; ".join(filter(None, (said, cure)))
