"""Tests that need what the sandbox does not have, beside tests that run."""

import pytest
from support.front_door import Pa

FILES = {
    "calc.py": "def add(a, b):\n    return a - b\n",
    "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n",
    "test_store.py": (
        "import socket\n\nfrom calc import add\n\n\ndef test_store():\n"
        "    with socket.create_connection(('127.0.0.1', 18499), timeout=3) as c:\n"
        "        assert c.recv(4) == b'PONG'\n    assert add(1, 1) == 2\n"
    ),
    "agentproxy.toml": "discovered = false\n",
}
MEND = "sed -i 's/a - b/a + b/' calc.py"


@pytest.mark.slow
def test_a_test_without_its_server_is_named_with_the_cure_and_costs_no_round(pa: Pa) -> None:
    pa.write(FILES)
    pa.commit("A store")
    ran = pa.task("--check", "python -m pytest -q", "--max-rounds", "3", worker=MEND)
    found = ran.finding("pytest")
    assert found["finding"] == "unverified"
    assert "test_store" in found["reason"]
    assert 'network = "host"' in found["reason"]
    assert len(ran.of_kind("round_judged")) == 1
    assert ran.code == 3
