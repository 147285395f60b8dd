"""Looking through code with the tools for it, through the socket."""

from support.answers import Reply
from support.chats import Served, calls, results


def test_code_is_looked_through_without_an_approval_and_in_plan_mode(served: Served) -> None:
    served.script(
        "Look through",
        calls(
            ("search_code", {"query": "START"}),
            ("list_symbols", {"path": "a.py"}),
            ("find_references", {"symbol": "start"}),
            ("read_file_range", {"path": "a.py", "start_line": 2, "end_line": 3}),
            ("search_code", {"query": "root", "path_glob": "../*"}),
        ),
        Reply(text=("ok",)),
    )
    conversation = served.new(enable_approval=True, enable_plan_mode=True)
    workspace = served.folder / "workspace" / conversation
    workspace.mkdir(parents=True)
    (workspace / "a.py").write_text("def start():\n    pass\n\n\nstart()\n")
    with served.talk(conversation) as talk:
        talk.say("Look through")
        came = talk.until("plan_ready")
    assert sorted(results(came)) == sorted(
        [
            "a.py:1: def start():\na.py:5: start()",
            "1: def start()",
            "a.py:1: def start():\na.py:5: start()",
            "2:     pass\n3: ",
            "Error: Path escapes workspace: ../*",
        ]
    )
