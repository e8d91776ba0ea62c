"""A `chainference-localnet` of this build, on free ports, for tests that use PyPI `solana` as any wallet would."""

import dataclasses
import os
import pathlib
import signal
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


def binary():
    if path := os.environ.get("CHAINFERENCE_LOCALNET"):
        return pathlib.Path(path)
    directory = pathlib.Path(os.environ.get("CHAINFERENCE_BINARIES", ROOT / ".build" / "debug"))
    return directory / "chainference-localnet"


@dataclasses.dataclass
class Localnet:
    process: subprocess.Popen
    rpc: str
    pubsub: str
    program: str


def start(*options):
    path = binary()
    if not path.exists():
        pytest.fail(f"{path} is missing: build it, or say where it is in CHAINFERENCE_LOCALNET")
    process = subprocess.Popen(
        [path, "--rpc-port", "0", "--slot-milliseconds", "20", "--finalization-slots", "4", *map(str, options)],
        stdout=subprocess.PIPE,
        text=True,
    )
    # The banner comes once it listens.
    banner = dict(process.stdout.readline().split(maxsplit=1) for _ in range(3))
    fields = {key: value.strip() for key, value in banner.items()}
    return Localnet(process, fields["JSON-RPC"], fields["PubSub"], fields["Market"])


@pytest.fixture(scope="session")
def localnet():
    running = start()
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=20) == 0
