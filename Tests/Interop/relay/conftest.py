import importlib.util
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "market"):
    sys.path.insert(0, str(folder))

from harness import BINARIES, Program, free_port  # noqa: E402

_spec = importlib.util.spec_from_file_location("market_fixtures", HERE.parent / "market" / "conftest.py")
market_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(market_fixtures)


@pytest.fixture
def market(tmp_path):
    """The local cluster with the market: what these suites are about is the way to the provider."""
    port = free_port(neighbours=2)
    with market_fixtures.local_cluster(port) as cluster:
        cluster.wait_for(r"^Market", within=60)
        ready = market_fixtures.Market(f"http://127.0.0.1:{port}", tmp_path)
        ready.chain.until(lambda: ready.chain.call("getHealth") == "ok", what="the cluster")
        yield ready


@pytest.fixture
def relay(tmp_path):
    """A relay on this machine, and its address."""
    with Program(
        BINARIES / "chainference-relay",
        *("--listen", "127.0.0.1", "--port", 0, "--key", tmp_path / "relay.key", "--report", 0),
    ) as running:
        running.address = running.wait_for(r"^relay (\S+)").group(1)
        yield running
