import pathlib
import subprocess
import sys

import pytest
from solders.keypair import Keypair

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import BINARIES, ROOT, Chain, Program, free_port, wallet  # noqa: E402


class Market:
    """A cluster with the market on it, and the programs that use it."""

    def __init__(self, url: str, directory: pathlib.Path, program: str | None = None):
        self.url = url
        self.chain = Chain(url)
        self.directory = directory
        self.program = [] if program is None else ["--program", program]

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


@pytest.fixture
def market(tmp_path):
    """The local cluster, as `chainference-localnet` runs it."""
    port = free_port(neighbours=2)
    with Program(BINARIES / "chainference-localnet", "--rpc-port", port, "--slot-milliseconds", 100) as localnet:
        ready = Market(f"http://127.0.0.1:{port}", tmp_path)
        ready.chain.until(lambda: ready.chain.call("getHealth") == "ok", what="the local cluster")
        localnet.wait_for(r"^Market", within=30)
        yield ready


@pytest.fixture
def real_vm(tmp_path):
    """A node over LiteSVM, the real Solana VM, with the deployed binary. Runs in the SVM suite's environment."""
    python = subprocess.run([ROOT / "Scripts" / "venv", "SVM"], check=True, capture_output=True, text=True).stdout.strip()
    port = free_port(neighbours=2)
    with Program(
        python, "-m", "node", "--program", ROOT / ".build" / "market.so", "--port", port, directory=ROOT / "Tests" / "SVM"
    ) as node:
        node.wait_for("ready", within=60)
        yield Market(f"http://127.0.0.1:{port}", tmp_path)
