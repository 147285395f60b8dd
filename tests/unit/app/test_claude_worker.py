"""The address of an MCP server that the sandbox would refuse is told before the work begins."""

import pytest

from agentproxy.app.claude_worker import refuse_out_of_reach
from agentproxy.workers.port import WorkerError


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://docs.example.com/mcp", "docs.example.com:443"),
        ("http://Docs.Example.com/mcp?x=1", "docs.example.com:80"),
        ("https://user:word@docs.example.com:8443/mcp", "docs.example.com:8443"),
        ("http://127.0.0.1:8000/mcp", "127.0.0.1:8000"),
        ("http://[::1]:8000/mcp", "[::1]:8000"),
    ],
)
def test_a_host_is_granted_with_the_line_that_the_cure_names(url: str, host: str) -> None:
    with pytest.raises(WorkerError) as caught:
        refuse_out_of_reach("docs", url, hosts=["other.example.com:443"])
    assert host in str(caught.value)
    assert caught.value.cure == f'grant it in [worker.claude]: hosts = ["{host}"]'
    assert "word" not in f"{caught.value} {caught.value.cure}"
    refuse_out_of_reach("docs", url, hosts=["other.example.com:443", host.upper()])


def test_a_pattern_grants_the_hosts_below_a_domain_at_its_port() -> None:
    refuse_out_of_reach("docs", "https://docs.example.com/mcp", hosts=["*.example.com:443"])
    for url in ("https://example.com/mcp", "https://docs.example.com:8443/mcp"):
        with pytest.raises(WorkerError):
            refuse_out_of_reach("docs", url, hosts=["*.example.com:443"])


@pytest.mark.parametrize(
    "url",
    ["docs.example.com/mcp", "ftp://docs.example.com", "https://", "http://a:b/", "http://[x"],
)
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(WorkerError, match="is no address"):
        refuse_out_of_reach("docs", url, hosts=["docs.example.com:443"])


def test_a_server_that_is_a_program_needs_no_host() -> None:
    refuse_out_of_reach("docs", None, hosts=[])
