"""What is not served is not paid for at the start."""

import subprocess
import sys

SEEN = """
import sys
import agentproxy.cli.main
import agentproxy.models.relay.server, agentproxy.workspace.sandbox.egress_proxy
print("h11" in sys.modules)
import agentproxy.net.connection
print("h11" in sys.modules)
"""


def test_h11_is_not_imported_before_a_connection_comes() -> None:
    told = subprocess.run([sys.executable, "-c", SEEN], capture_output=True, check=True, text=True)
    assert told.stdout.split() == ["False", "True"]
