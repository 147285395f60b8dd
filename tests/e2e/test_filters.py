"""Files that a filter of the user's makes, as git-crypt does: never in plain text in a tree."""

import base64

from support.front_door import Pa

LOCKED = base64.b64encode(b"password\n").decode()
ONE = ("--max-rounds", "1")


def locked_project(pa: Pa) -> None:
    """A tracked secret that git stores encoded, and the user sees in plain text."""
    pa.git("config", "filter.crypt.clean", "base64")
    pa.git("config", "filter.crypt.smudge", "base64 -d")
    pa.git("config", "filter.crypt.required", "true")
    pa.write({".gitattributes": "secret.txt filter=crypt\n", "secret.txt": "password\n"})
    pa.commit("A secret")
    assert pa.git("show", "HEAD:secret.txt") == LOCKED


def test_a_file_that_a_filter_makes_stands_in_the_clone_as_git_stores_it(pa: Pa) -> None:
    locked_project(pa)
    pa.write({"secret.txt": "another password\n"})
    check = f"test -f b && test $(cat secret.txt) = {LOCKED}"
    worker = "touch b; echo plain >> secret.txt; mkdir x; echo plain > x/secret.txt"
    ran = pa.task("--check", check, *ONE, worker=worker)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.records[-1], ran.err)
    note = "files like secret.txt as git stores them"
    assert note in str(ran.of_kind("base_recorded")[0]["notes"])
    claim = ran.of_kind("claim_recorded")[-1]
    assert [change["path"] for change in claim["changes"]] == ["b"]
    said = str(claim["findings"])
    assert "secret.txt is made by a filter" in said
    assert "x/secret.txt is made by a filter" in said
    assert pa.git("show", f"{claim['commit']}:secret.txt") == LOCKED
    assert pa.git("show", f"{ran.of_kind('base_recorded')[0]['commit']}:secret.txt") == LOCKED
    assert "commit" not in ran.err


def test_a_carried_secret_is_seen_by_checks_and_is_in_no_commit(pa: Pa) -> None:
    locked_project(pa)
    pa.write({"agentproxy.toml": 'carry = ["secret.txt"]\n'})
    pa.commit()
    assert pa("trust").code == 0
    check = "test -f b && test $(cat secret.txt) = password"
    ran = pa.task("--check", check, *ONE, worker="grep -q password secret.txt; touch b")
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.records[-1], ran.err)
    claim = ran.of_kind("claim_recorded")[-1]
    assert [change["path"] for change in claim["changes"]] == ["b"]
    assert claim["findings"] == []
    assert pa.git("show", f"{claim['commit']}:secret.txt") == LOCKED
    assert pa("apply", ran.result["run"]).code == 0
    assert (pa.project / "b").exists()
    assert (pa.project / "secret.txt").read_text() == "password\n"
