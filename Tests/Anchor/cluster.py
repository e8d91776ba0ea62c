"""A local cluster of the test's own, on free ports, for as long as the tests run."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# For starting and for stopping, in seconds.
PATIENCE = 60


@dataclass(frozen=True)
class Endpoints:
    rpc: str
    pubsub: str


@contextmanager
def running() -> Iterator[Endpoints]:
    """Runs `chainference-localnet` from `CHAINFERENCE_BINARIES`, or from the debug build."""
    binary = Path(os.environ.get("CHAINFERENCE_BINARIES", ROOT / ".build" / "debug")) / "chainference-localnet"
    command = [binary, "--rpc-port", "0", "--pubsub-port", "0", "--slot-milliseconds", "40"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        text = read_banner(process)
        rpc = re.search(r"http://\S+", text)
        pubsub = re.search(r"ws://\S+", text)
        assert rpc and pubsub, f"the cluster did not say where it listens:\n{text}"
        yield Endpoints(rpc[0], pubsub[0])
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read_banner(process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    text = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while b"Ctrl-C" not in text:
            assert selector.select(max(0, deadline - time.monotonic())), f"no cluster after {PATIENCE} s:\n{text!r}"
            part = os.read(process.stdout.fileno(), 4096)
            assert part, f"the cluster ended:\n{text!r}"
            text += part
    return text.decode()
