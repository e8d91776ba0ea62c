import importlib.util
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "market"):
    sys.path.insert(0, str(folder))

from harness import BINARIES, Program  # noqa: E402

# The same cluster that the market's tests have.
_spec = importlib.util.spec_from_file_location("market_fixtures", HERE.parent / "market" / "conftest.py")
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
market = _fixtures.market


@pytest.fixture
def relay(tmp_path):
    """A relay on this machine, and its address."""
    with Program(
        BINARIES / "chainference-relay",
        *("--listen", "127.0.0.1", "--port", 0, "--key", tmp_path / "relay.key", "--report", 0),
    ) as running:
        running.address = running.wait_for(r"^relay (\S+)").group(1)
        yield running
