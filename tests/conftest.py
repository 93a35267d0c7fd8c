"""What every test lives under: no network beyond loopback, where the public data lies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from network_guard import loopback_only

pytest_plugins = ("project_fixtures",)

# No test asserts a time: on a busy machine any example may take longer than another.
settings.register_profile("roadworthy", deadline=None)
settings.load_profile("roadworthy")


@pytest.fixture(autouse=True, scope="session")
def _no_network_beyond_loopback() -> Iterator[None]:
    with loopback_only():
        yield


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The public data; tests that need it skip where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ROADWORTHY_DATA", default))
    if not folder.is_dir():
        pytest.skip("the public data is absent; set ROADWORTHY_DATA to its folder")
    return folder
