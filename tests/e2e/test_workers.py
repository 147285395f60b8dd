"""Workers: where their program lies, what they see, and what they are granted."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support.front_door import Pa
from support.projects import CHECK, MEND
from support.servers import answering

pytestmark = pytest.mark.slow

FIX = ("-o", "json", "--check", CHECK)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nset -e\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_program_beside_the_repository_does_not_cover_the_tree(pa: Pa) -> None:
    program = script(pa.project.parent / "agent.sh", MEND)
    assert pa(*FIX, "--worker", f"command:{program}", "Fix it").code == 0


def test_a_program_within_the_repository_leaves_no_trace_in_the_claim(pa: Pa) -> None:
    script(pa.project / "tools" / "agent.sh", MEND)
    ran = pa(*FIX, "--worker", "command:./tools/agent.sh", "Fix it")
    assert ran.code == 0
    changes = ran.of_kind("claim_recorded")[0]["changes"]
    assert [change["path"] for change in changes] == ["calc.py"]


def test_an_argument_that_names_a_file_of_the_tree_means_the_workers_copy(pa: Pa) -> None:
    ran = pa(*FIX, "--worker", "command:sed -i 's/a - b/a + b/' calc.py", "Fix it")
    assert ran.code == 0, ran.of_kind("worker_ended")
    assert "a - b" in (pa.project / "calc.py").read_text()


def test_a_script_in_the_repository_that_is_not_committed_can_be_named_after_its_interpreter(
    pa: Pa,
) -> None:
    script(pa.project / "agent.sh", MEND)
    ran = pa(*FIX, "--worker", "command:sh agent.sh", "Fix it")
    assert ran.code == 0, ran.of_kind("worker_ended")


def test_what_a_worker_printed_last_is_shown_where_it_ends_without_a_claim(pa: Pa) -> None:
    worker = pa.worker("echo 'no key was found' >&2; exit 7")
    ran = pa("--output", "plain", "--check", CHECK, "--max-rounds", "1", "--worker", worker, "Fix")
    assert "ended with exit code 7, without a claim" in ran.out
    assert "no key was found" in ran.out


def test_a_program_with_a_file_of_its_own_beside_it_finds_it(pa: Pa) -> None:
    folder = pa.scripts / "agent"
    script(folder / "agent.sh", 'sed -i "$(cat "$(dirname "$0")/rule")" calc.py')
    (folder / "rule").write_text("s/a - b/a + b/")
    assert pa(*FIX, "--worker", f"command:{folder}/agent.sh", "Fix it").code == 0


def test_the_brief_comes_on_standard_input_and_in_the_file_that_is_named(pa: Pa) -> None:
    worker = f'cmp - "$AGENTPROXY_BRIEF" && grep -q "Make it right" "$AGENTPROXY_BRIEF"; {MEND}'
    assert pa.task("--check", CHECK, worker=worker).code == 0


def test_what_a_worker_leaves_in_its_home_it_finds_in_the_next_round(pa: Pa) -> None:
    worker = f'test -f "$HOME/seen" && {{ {MEND}; exit 0; }}; touch "$HOME/seen"'
    ran = pa.task("--check", CHECK, worker=worker)
    assert (ran.code, ran.result["rounds"]) == (0, 2)


def test_a_worker_that_forks_away_leaves_nothing_behind(pa: Pa) -> None:
    worker = f"(setsid sh -c 'sleep 3; touch {pa.scripts}/late' &) ; {MEND}"
    ran = pa.task("--check", CHECK, worker=worker)
    assert ran.code == 0
    assert not (pa.scripts / "late").exists()


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"s/a - b/a + b/")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Silence."""


def test_a_named_worker_reaches_the_host_it_was_granted_and_no_other(pa: Pa) -> None:
    with answering(HTTPServer(("127.0.0.1", 0), Hello)) as port:
        get = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
        fetch = f"python3 -c '{get}'"
        program = script(
            pa.scripts / "net.sh",
            f"! {fetch} http://example.org:80/ 2>/dev/null\n"
            f'sed -i "$({fetch} http://127.0.0.1:{port}/)" calc.py',
        )
        config = pa.home / "config" / "agentproxy" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'[worker.net]\ncommand = "{program}"\nhosts = ["127.0.0.1:{port}"]\n')
        ran = pa(*FIX, "--worker", "net", "Fix it")
    assert ran.code == 0, ran.out
    refused = ran.of_kind("network_refused")
    assert [refusal["host"] for refusal in refused] == ["example.org:80"]


def test_without_a_grant_there_is_no_network_at_all(pa: Pa) -> None:
    with answering(HTTPServer(("127.0.0.1", 0), Hello)) as port:
        connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        ran = pa.task("--check", CHECK, worker=f'! python3 -c "{connect}" 2>/dev/null; {MEND}')
    assert ran.code == 0


def test_grants_are_shown_when_the_run_begins(pa: Pa) -> None:
    config = pa.home / "config" / "agentproxy" / "config.toml"
    config.parent.mkdir(parents=True)
    program = script(pa.scripts / "a.sh", MEND)
    config.write_text(f'[worker.mine]\ncommand = "{program}"\nenv = {{ LEVEL = "3" }}\n')
    ran = pa("--check", CHECK, "--worker", "mine", "Fix it")
    assert "granted: variable LEVEL" in ran.out


@pytest.mark.parametrize("folder", ["../", "~/", "~/.ssh/"])
def test_a_folder_that_holds_more_than_a_program_is_not_shown_for_being_named(
    pa: Pa, folder: str
) -> None:
    (pa.home / ".ssh").mkdir(parents=True)
    pa.env["HOME"] = str(pa.home)
    worker = script(pa.scripts / "agent.sh", MEND)
    ran = pa(*FIX, "--worker", f"command:{worker} --add-dir {folder}", "Fix it")
    assert ran.code == 6
    assert "holds more than a program needs" in ran.result["reason"]
    assert "[worker.NAME]" in ran.result["reason"]


def test_of_a_folder_that_everybody_shares_the_worker_has_its_own(pa: Pa) -> None:
    worker = script(pa.scripts / "agent.sh", f"test ! -e {pa.project}.not; touch /tmp/mine; {MEND}")
    assert pa(*FIX, "--worker", f"command:{worker} --scratch /tmp", "Fix it").code == 0
