"""Runs the example programs as a person would, and looks at the chain with software that is not ours."""

import base64
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from solders.keypair import Keypair
from solders.pubkey import Pubkey

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARIES = pathlib.Path(os.environ.get("CHAINFERENCE_BINARIES", ROOT / ".build" / "debug"))
LOCALNET_PROGRAM = Keypair.from_seed(
    __import__("hashlib").sha256(b"chainference localnet program").digest()
).pubkey()


def free_port(neighbours: int = 1) -> int:
    """A port that is free now, with the next ones free too."""
    while True:
        sockets = []
        try:
            first = socket.socket()
            first.bind(("127.0.0.1", 0))
            sockets.append(first)
            port = first.getsockname()[1]
            for offset in range(1, neighbours):
                following = socket.socket()
                following.bind(("127.0.0.1", port + offset))
                sockets.append(following)
            return port
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()


class Program:
    """A running program whose output is collected by line."""

    def __init__(self, *command, environment=None, directory=None):
        self.command = [str(part) for part in command]
        self.lines: list[str] = []
        self._queue: queue.Queue = queue.Queue()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for raw in iter(self.process.stdout.readline, b""):
            self._queue.put(raw.decode("utf-8", "replace").rstrip("\n"))
        self._queue.put(None)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, pattern: str, within: float = 60) -> re.Match:
        """The first line from here on that matches; fails with the whole output when none comes in time."""
        deadline = time.monotonic() + within
        while True:
            try:
                line = self._queue.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.command[0]}: no line like {pattern!r} in {within} s:\n{self.output}")
            if line is None:
                raise AssertionError(f"{self.command[0]} ended before a line like {pattern!r}:\n{self.output}")
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def finish(self, within: float = 60) -> int:
        """Waits for the end and gives the exit status."""
        try:
            status = self.process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command[0]} did not end in {within} s:\n{self.output}")
        self._reader.join()
        while (line := self._queue.get()) is not None:
            self.lines.append(line)
        return status

    def stop(self, how: int = signal.SIGTERM, within: float = 60) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.finish(within)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Chain:
    """JSON-RPC by hand, over the Python library."""

    def __init__(self, url: str):
        self.url = url

    def call(self, method: str, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            reply = json.load(answer)
        assert "error" not in reply, reply
        return reply["result"]

    def balance(self, address: Pubkey) -> int:
        return self.call("getBalance", str(address), {"commitment": "confirmed"})["value"]

    def program_accounts(self, program: Pubkey) -> dict[str, bytes]:
        found = self.call("getProgramAccounts", str(program), {"encoding": "base64", "commitment": "confirmed"})
        return {each["pubkey"]: base64.b64decode(each["account"]["data"][0]) for each in found}

    def transactions_of(self, address: Pubkey) -> list[dict]:
        signatures = self.call("getSignaturesForAddress", str(address), {"commitment": "confirmed"})
        return [
            self.call("getTransaction", each["signature"], {"encoding": "base64", "commitment": "confirmed"})
            for each in signatures
        ]

    def until(self, condition, within: float = 60, what: str = "the chain's state"):
        """Asks the chain again until `condition()` holds; gives its value."""
        deadline = time.monotonic() + within
        pause = threading.Event()
        while time.monotonic() < deadline:
            try:
                if value := condition():
                    return value
            except OSError:
                pass
            pause.wait(0.1)
        raise AssertionError(f"{what} did not come within {within} s")

    def fund(self, address: Pubkey, lamports: int):
        before = self.balance(address)
        self.call("requestAirdrop", str(address), lamports)
        self.until(lambda: self.balance(address) >= before + lamports, what="the airdrop")


def wallet(directory: pathlib.Path, name: str) -> tuple[pathlib.Path, Keypair]:
    """A fresh wallet and its key file in the Solana CLI's format."""
    key = Keypair()
    path = directory / f"{name}.json"
    path.write_text(key.to_json())
    path.chmod(0o600)
    return path, key
