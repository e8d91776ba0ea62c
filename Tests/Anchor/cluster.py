"""Clusters of the test's own, on free ports, for as long as the tests run: one program in two machines."""

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
SLOT = ["--slot-milliseconds", "40"]


@dataclass(frozen=True)
class Endpoints:
    rpc: str
    pubsub: str


def localnet() -> list[str | Path]:
    """The program natively: `chainference-localnet` from `CHAINFERENCE_BINARIES`, or from the debug build."""
    binaries = Path(os.environ.get("CHAINFERENCE_BINARIES", ROOT / ".build" / "debug"))
    return [binaries / "chainference-localnet", "--rpc-port", "0", "--pubsub-port", "0", *SLOT]


def vm() -> list[str | Path]:
    """The program as it would be deployed, in LiteSVM: the node of the SVM suite, with that suite's interpreter.

    The file is `MARKET_PROGRAM`, or what `Scripts/build-program` builds.
    """
    command = [ROOT / "Scripts" / "venv", "SVM"]
    python = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    program = os.environ.get("MARKET_PROGRAM")
    if not program:
        subprocess.run([ROOT / "Scripts" / "build-program"], check=True, capture_output=True)
        program = str(ROOT / ".build" / "market.so")
    return [python, "-m", "node", "--program", program, "--no-market", "--port", "0", *SLOT]


MACHINES = {"localnet": localnet, "vm": vm}


@contextmanager
def running(machine: str) -> Iterator[Endpoints]:
    """Runs one of the machines and stops it in the end."""
    process = subprocess.Popen(
        MACHINES[machine](), cwd=ROOT / "Tests" / "SVM", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield read_endpoints(process)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read_endpoints(process: subprocess.Popen[bytes]) -> Endpoints:
    """Both machines print where they listen once they do."""
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE
    text = ""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            rpc, pubsub = (re.search(rf"{scheme}://\S+(?=\s)", text) for scheme in ("http", "ws"))
            if rpc and pubsub:
                return Endpoints(rpc[0], pubsub[0])
            assert selector.select(max(0, deadline - time.monotonic())), f"no cluster after {PATIENCE} s:\n{text}"
            part = os.read(process.stdout.fileno(), 4096)
            assert part, f"the cluster ended:\n{text}"
            text += part.decode()
