"""Data that code reads is taken back with its functions; settings and packages are not."""

import pytest

from agentproxy.evidence.falsification.stubs.data_files import is_data


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("templates/index.html", True),
        ("a.csv", True),
        ("locale/de.json", True),
        ("src/rates.yaml", True),
        ("package.json", False),
        ("packages/a/package.json", False),
        ("requirements-dev.txt", False),
        ("config.toml", False),
        ("web/vite.config.json", False),
        (".github/workflows/ci.yml", False),
        ("web/pnpm-lock.yaml", False),
        ("web/tsconfig.build.json", False),
        ("src/a.py", False),
        ("Dockerfile", False),
    ],
)
def test_what_is_data(path: str, *, data: bool) -> None:
    assert is_data(path) is data
