"""Tools that say in their own words why they cannot work here."""

import pytest

from agentproxy.events.check import CannotRunKind
from agentproxy.evidence.instrumentation import interpret
from agentproxy.workspace.sandbox.port import Ended


@pytest.mark.parametrize(
    ("output", "words", "kind"),
    [
        ("unshare: unshare failed: Operation not permitted", "namespaces", "no_namespaces"),
        (
            "bwrap: No permissions to creating new namespace, likely because the kernel",
            "namespaces",
            "no_namespaces",
        ),
        (
            "[1:1:FATAL:zygote_host_impl_linux.cc(126)] No usable sandbox! Update your kernel",
            "namespaces",
            "no_namespaces",
        ),
        (
            "Failed to move to new namespace: PID namespaces supported, errno = 1",
            "namespaces",
            "no_namespaces",
        ),
        (
            "cannot clone: Operation not permitted\nError: cannot re-exec process",
            "namespaces",
            "no_namespaces",
        ),
        (
            'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
            "privileges",
            "no_privileges",
        ),
        (
            "error: Failed to fetch: x\n  Caused by: Network connectivity is disabled",
            "download",
            "needs_download",
        ),
        (
            "  hint: Packages were unavailable because the network was disabled.",
            "download",
            "needs_download",
        ),
        (
            "ERR_PNPM_NO_OFFLINE_TARBALL A package is missing",
            "download",
            "needs_download",
        ),
        (
            "Internal Error: Network access disabled by the environment",
            "download",
            "needs_download",
        ),
        ("npm error code ENOTCACHED", "download", "needs_download"),
        (
            "go: example.org/x@v1.0.0: module lookup disabled by GOPROXY=off",
            "download",
            "needs_download",
        ),
        (
            "attempting to make an HTTP request, but --offline was specified",
            "download",
            "needs_download",
        ),
        (
            "No cached version of org.x:y:1.0 available for offline mode.",
            "download",
            "needs_download",
        ),
        (
            '"https://deno.land/x/a.ts", --cached-only is specified.',
            "download",
            "needs_download",
        ),
        (
            "browserType.launch: Executable doesn't exist at /x/.cache/ms-playwright/chrome",
            "download",
            "needs_download",
        ),
        (
            " ERR_PNPM_BAD_PM_VERSION  This project is configured to use v9.1.0 of pnpm",
            "version",
            "wrong_tool_version",
        ),
        ("Usage Error: This project is configured to use yarn", "version", "wrong_tool_version"),
        (
            "pyenv: version `3.9.1' is not installed (set by /x/.python-version)",
            "version",
            "wrong_tool_version",
        ),
    ],
)
def test_what_a_tool_misses_is_no_failure(output: str, words: str, kind: CannotRunKind) -> None:
    ended = Ended(
        ending="exited",
        exit_code=1,
        seconds=1.0,
        output=output,
        output_bytes=len(output),
        digest="d",
    )
    result = interpret(ended, {}, command="sh run.sh", tree=())
    assert result.cannot_run is not None
    assert result.cannot_run.kind == kind
    assert words in result.cannot_run.text


@pytest.mark.parametrize(
    "output",
    [
        "AssertionError: expected the banner 'the network was disabled' to be hidden",
        "assert 'in any of the sources' == 'in all of the sources'",
        "FAILED test_build.py::test_says_why - the toolchain not available message is missing",
    ],
)
def test_words_of_a_project_that_only_resemble_a_tools_are_a_failure(output: str) -> None:
    ended = Ended(
        ending="exited", exit_code=1, seconds=1.0, output=output, output_bytes=9, digest="d"
    )
    assert interpret(ended, {}, command="sh run.sh", tree=()).cannot_run is None
