"""Finds words that instruct a model. Pure.

A second line of defence: other wordings are not found, and nothing rests on it (decision 10).
"""

import re
from collections.abc import Iterable

from agentproxy.supervisor.llm.visible_text import as_words, plain

_MODEL = r"(?:judges?|ais?|llms?|(?:language )?models?|assistants?|verifiers?|graders?|evaluators?)"
_SAYS = r"(?:say|answer|reply|respond|conclude|declare|report|mark|output|return)\w*"
_SPEAKS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\W+(?:\w+\W+){0,3}?"
    r"(?:previous|prior|above|earlier|preceding|all|any|your|other)\W+(?:\w+\W+){0,2}?"
    r"(?:instructions?|prompts?|criteri\w+)\b"
    r"|\b(?:dear|attention|hey|notes? (?:to|for)|instructions? (?:to|for)|messages? (?:to|for))\W+"
    rf"(?:(?:the|any|every)\W+)?{_MODEL}\b"
    rf"|\b(?:{_MODEL}|supervisors?|reviewers?|you)\W+(?:\w+\W+){{0,2}}?"
    rf"(?:must|should|shall|please|have to|has to)\W+(?:\w+\W+){{0,2}}?{_SAYS}\W+"
    r"(?:\w+\W+){0,4}?(?:met|criteri\w+)\b"
    r"|\b(?:say|says|answer|reply|respond|verdict)\W{1,5}(?:\w+\W+){0,2}?met\b"
    r"|\bsystem override\b|\bcall\W+(?:the\W+)?(?:tool\W+)?reply\b",
    re.IGNORECASE,
)


def speaks_to_a_model(texts: Iterable[str]) -> str:
    """Returns the first words that instruct a model, or ""."""
    for text in texts:
        seen = plain(text)
        # A name can hold an instruction, so names are also read word by word.
        for reading in (seen, as_words(seen)):
            found = _SPEAKS.search(reading)
            if found:
                return " ".join(found[0].split())[:120]
    return ""
