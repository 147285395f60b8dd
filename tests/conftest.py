from pathlib import Path

import pytest
from support.front_door import Pa, new_pa
from support.projects import CALC


@pytest.fixture
def pa(tmp_path: Path) -> Pa:
    """`pa` with a project whose `add` is wrong and whose `double` is right."""
    return new_pa(tmp_path, CALC)
