"""One process reads the changed files of a claim, and makes stubs of every kind of them."""

import subprocess
import sys

from agentproxy.evidence.falsification.stubs.make_stub_files import (
    NO_PARSER,
    UNREAD,
    make_stub_files,
)
from agentproxy.workspace.trees.variants import Versions

NEW = Versions(None, b"def f(a):\n    return a\n")
BROKEN = Versions(b"x = 1\n", b"def (\n")
OLD = Versions(b"def g():\n    return 1\n", b"def g():\n    return 2\n")


def test_new_functions_return_nothing_or_raise_and_what_failed_is_said_of_both() -> None:
    files = {
        "new.py": NEW,
        "old.py": OLD,
        "broken.py": BROKEN,
        "a.rs": NEW,
        "link.py": Versions(opaque=True),
        "gone.py": Versions(b"x = 1\n", None),
    }
    made = make_stub_files(files)
    assert b"return None" in made["nothing"].contents["new.py"]
    assert b"raise NotImplementedError" in made["raises"].contents["new.py"]
    for each in made.values():
        code, _, kept = each.contents["old.py"].partition(b"#")
        assert (code.split(), kept.split()) == ((OLD.before or b"").split(), [b"return", b"2"])
        assert (each.functions, each.resigned) == (("f", "g"), ())
        assert set(each.failed) == {"broken.py", "a.rs", "link.py"}
        assert (each.failed["a.rs"], each.failed["link.py"]) == (NO_PARSER, UNREAD)


def test_without_a_file_to_parse_there_is_no_stub() -> None:
    made = make_stub_files({"README.md": Versions(b"a", b"b")})
    assert all(not each.contents and each.failed for each in made.values())


def test_the_processes_that_read_a_claim_start_without_pydantic() -> None:
    # It takes three times as long to import as all else that they do.
    readers = "agentproxy.evidence.doubts.read_sources, agentproxy.evidence.falsification.stubs"
    code = f"import {readers}.make_stubs, sys; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0
