"""The compiled project, once for all tests of the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.compiled import compile_project


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the project's compiled SQL and its seeds."""
    folder = tmp_path_factory.mktemp("compiled")
    compile_project(folder)
    return folder
