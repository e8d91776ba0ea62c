import os
import pathlib
import subprocess
import sys

import pytest
from solders.keypair import Keypair

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import BINARIES, LOCALNET_PROGRAM, ROOT, Chain, Program, free_port, wallet  # noqa: E402


class Market:
    """A cluster with the market on it, and the programs that use it."""

    def __init__(self, url: str, directory: pathlib.Path, program: str | None = None):
        self.url = url
        self.chain = Chain(url)
        self.directory = directory
        self.program = [] if program is None else ["--program", program]

    def held_by(self, key: Keypair) -> list:
        """The requests of a wallet that are on the chain."""
        filters = [{"memcmp": {"offset": 8, "bytes": str(key.pubkey())}}]
        return self.chain.call("getProgramAccounts", str(LOCALNET_PROGRAM), {"encoding": "base64", "filters": filters})

    def provider(self, name: str, *options, port: int = 0) -> tuple[Program, Keypair]:
        """Runs a provider; one of the same name again has the same wallet and the same state."""
        path = self.directory / f"{name}.json"
        if path.exists():
            key = Keypair.from_json(path.read_text())
        else:
            _, key = wallet(self.directory, name)
            self.chain.fund(key.pubkey(), 2_000_000_000)
        running = Program(
            BINARIES / "chainference-provider",
            *("--cluster", self.url, "--wallet", path, "--state", self.directory / f"{name}-state"),
            *("--port", port, *self.program, *options),
        )
        return running, key

    def client(self, name: str, *options) -> tuple[Program, Keypair]:
        """Runs a client with a fresh wallet."""
        _, key = wallet(self.directory, name)
        self.chain.fund(key.pubkey(), 1_000_000_000)
        return self.client_again(name, *options), key

    def client_again(self, name: str, *options) -> Program:
        """Runs a client with the wallet of an earlier one."""
        path = self.directory / f"{name}.json"
        return Program(
            BINARIES / "chainference-client", "--cluster", self.url, "--wallet", path, *self.program, *options
        )


# Suites that are about something else than the cluster run on one of them only.
ONE_CLUSTER = {
    "test_commands": "about what the command prints and asks",
    "test_llama": "about a real model, which takes its time",
    "test_wire": "about the bytes between client and provider",
}
CLUSTERS = ("local cluster", "LiteSVM")


def pytest_generate_tests(metafunc):
    """Whatever uses the market runs on the local cluster and on the node over the real VM."""
    if "market" in metafunc.fixturenames:
        alone = metafunc.module.__name__.rsplit(".", 1)[-1] in ONE_CLUSTER
        metafunc.parametrize("market", CLUSTERS[:1] if alone else CLUSTERS, indirect=True)


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """Journals and seeds of a test are its own, not those of who runs it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def market(request, tmp_path):
    """A cluster with the market: `chainference-localnet`, or a node over LiteSVM with the deployed binary."""
    port = free_port(neighbours=2)
    running = local_cluster(port) if request.param == "local cluster" else real_vm(port)
    with running as cluster:
        cluster.wait_for(r"^Market|^ready", within=60)
        ready = Market(f"http://127.0.0.1:{port}", tmp_path)
        ready.chain.until(lambda: ready.chain.call("getHealth") == "ok", what="the cluster")
        yield ready


def local_cluster(port: int) -> Program:
    return Program(BINARIES / "chainference-localnet", "--rpc-port", port, "--slot-milliseconds", 100)


def real_vm(port: int) -> Program:
    """Runs in the SVM suite's environment: a real Solana VM, but for the network."""
    python = subprocess.run([ROOT / "Scripts" / "venv", "SVM"], check=True, capture_output=True, text=True).stdout.strip()
    program = os.environ.get("MARKET_PROGRAM", ROOT / ".build" / "market.so")
    return Program(
        *(python, "-m", "node", "--program", program, "--port", port, "--slot-milliseconds", 100),
        directory=ROOT / "Tests" / "SVM",
    )
