"""`.env`: what is none stops nobody, a broken one stops only what needs it, and whose it is."""

import json

import pytest
from support.answers import Reply
from support.front_door import Pa
from support.model_server import model_server
from support.projects import MEND

pytestmark = pytest.mark.slow

GREP = "grep -q 'a + b' calc.py"


def quick(pa: Pa) -> None:
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit()


def test_a_folder_called_dot_env_is_an_environment_and_no_settings(pa: Pa) -> None:
    quick(pa)
    (pa.project / ".env" / "bin").mkdir(parents=True)
    assert pa.task("--check", GREP, worker=MEND).code == 0
    assert pa("trust").code == 0
    assert "agentproxy.toml" in pa("trust").out


def test_a_broken_file_is_noted_by_what_only_looks_and_stops_what_places_a_run(pa: Pa) -> None:
    quick(pa)
    run = pa.task("--check", GREP, worker=MEND).result["run"]
    pa.write({".env": "A_KEY=1\nthis is no entry\n"})
    for words in (["list"], ["show", run], ["evidence", run], ["apply", run], ["doctor"]):
        ran = pa(*words)
        assert ran.code == 0, (words, ran.err)
        assert [line for line in ran.err.splitlines() if f"{pa.project}/.env:2" in line], words
        assert "this is no entry" not in ran.err
    assert json.loads(pa("list", "-o", "json").out)["run"] == run
    assert pa("stop", run).code == 2
    assert "has already ended" in pa("stop", run).err
    for words in (["--worker", "command:true", "Fix it"], ["resume", run]):
        ran = pa(*words)
        assert ran.code == 2
        assert f"{pa.project}/.env:2: not NAME=value" in ran.err


def test_a_run_goes_on_with_the_keys_of_its_own_directory_from_wherever_it_is_resumed(
    pa: Pa,
) -> None:
    quick(pa)
    pa.write({"sub/keep.txt": "", "sub/.env": "ANTHROPIC_API_KEY=sk-ant-not-a-real-key\n"})
    pa.git("add", "-f", "sub/keep.txt")
    pa.git("commit", "-qm", "A folder")
    pa.write({"away/.env": "this is no entry\n"})
    fix = json.dumps({"command": MEND.replace("calc.py", "../calc.py")})
    answers = (Reply(status=401), Reply(calls=(("bash", fix),), stop="tools"), Reply())
    check = "grep -q 'a + b' ../calc.py"
    words = ["--worker", "builtin", "--model", "claude-sonnet-4-6", "--judge", "none"]
    with model_server(*answers) as server:
        env = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": ""}
        parked = pa("-d", "sub", "-o", "json", *words, "--check", check, "Fix it", env=env)
        assert parked.code == 6
        run = parked.result["run"]
        again = pa("resume", run, "-o", "json", cwd=pa.project / "away", env=env)
    assert (again.code, again.result["verdict"]) == (0, "verified"), again.err


def test_who_has_a_link_in_its_place_is_told_to_replace_it_by_a_file(pa: Pa) -> None:
    (pa.scripts / "mine").write_text("OTHER_API_KEY=mine-alone\n")
    (pa.project / ".env").symlink_to(pa.scripts / "mine")
    for words in (["doctor"], ["trust"]):
        said = pa(*words).out
        assert "replace the link by the file" in said, words
        assert "nothing to trust" not in said
    assert "pa trust" not in pa("doctor").out
