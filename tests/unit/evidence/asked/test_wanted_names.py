"""The errors that a task wants raised, and what it wants in the place of something else."""

import pytest

from agentproxy.evidence.asked.wanted_names import find_errors, find_replacements, raises_any


@pytest.mark.parametrize(
    ("task", "errors"),
    [
        ("Accept yes/on and no/off, and raise SettingsError for anything else.", ["SettingsError"]),
        ("parse() must raise ValueError for negatives", ["ValueError"]),
        ("Reject odd sizes: throw a `RangeError`.", ["RangeError"]),
        ("- Validate the port, then raise our ConfigError", ["ConfigError"]),
        ("Add a limit. load should then throw new LimitExceeded", ["LimitExceeded"]),
    ],
)
def test_an_error_is_ordered(task: str, errors: list[str]) -> None:
    assert [each.written for each in find_errors(task)] == errors


@pytest.mark.parametrize(
    "task",
    [
        "head() raises IndexError on an empty list. Return None.",
        "Fix load for files that are empty and raise KeyError.",
        "Make it accept texts which are empty and raise KeyError",
        "Do not raise ValueError",
        "split should no longer raise ValueError",
        "Return None instead of letting it raise KeyError",
        "It should still raise ValueError",
        "Make it return None or raise ValueError",
        "Add a retry and raise timeouts",
        "Raise the limit to 5",
        "",
    ],
)
def test_what_happens_today_or_is_not_wanted_is_no_order(task: str) -> None:
    assert find_errors(task) == ()


@pytest.mark.parametrize(
    ("line", "any_error"),
    [
        ("        raise OtherError(text) from None", True),
        ("    with pytest.raises(ValueError):", True),
        ("  assert.throws(() => parse(''))", True),
        ("  await expect(load()).rejects.toThrow()", True),
        ("    self.assertRaises(KeyError, head, [])", True),
        ("    return bool(text)", False),
    ],
)
def test_a_line_is_about_an_error(line: str, any_error: bool) -> None:
    assert raises_any([line]) is any_error


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("Replace the vendored lib/id.js by crypto.randomUUID of node.", ["crypto.randomUUID"]),
        (
            "We need 3.11 now, so replace vendor/toml.py by tomllib of the standard library",
            ["tomllib"],
        ),
        ("Replace our which() by the standard library's shutil.which.", ["shutil.which"]),
        ("Use structuredClone instead of JSON.parse(JSON.stringify(x)).", ["structuredClone"]),
        ("Replace requests with `httpx`.", ["httpx"]),
        ("Please switch to `Intl.NumberFormat` rather than our own table", ["Intl.NumberFormat"]),
    ],
)
def test_something_is_to_take_anothers_place(task: str, names: list[str]) -> None:
    assert [each.written for each in find_replacements(task)] == names


@pytest.mark.parametrize(
    "task",
    [
        "Replace the loop by recursion.",
        "slugify should replace ä by ae",
        "It replaces `a` with `b`",
        "Replace `tomli` with `tomllib` or `tomlkit`",
        "Replace it, like json.loads does",
        "Use `httpx` for the client",
        "Do not replace `a` by `b`",
        "",
    ],
)
def test_plain_words_choices_and_descriptions_name_nothing(task: str) -> None:
    assert find_replacements(task) == ()
