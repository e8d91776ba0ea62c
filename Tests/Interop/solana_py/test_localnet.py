"""What `chainference-localnet` keeps between runs, and its second node, seen through PyPI `solana`."""

import asyncio
import pathlib
import signal
import socket
import subprocess
import sys

import pytest
from conftest import binary, start
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment
from solders.keypair import Keypair

PROCESSED, CONFIRMED = map(Commitment, ("processed", "confirmed"))
SOL = 1_000_000_000


def stop(running):
    running.process.send_signal(signal.SIGTERM)
    rest = running.process.stdout.read()
    assert running.process.wait(timeout=30) == 0
    return rest


def ask(url, body):
    async def run():
        async with AsyncClient(url, commitment=CONFIRMED) as client:
            return await body(client)

    return asyncio.run(asyncio.wait_for(run(), 30))


def test_a_ledger_is_kept_and_goes_on(tmp_path):
    directory, wallet = tmp_path / "ledger", Keypair().pubkey()

    async def fund(client):
        signature = (await client.request_airdrop(wallet, 3 * SOL)).value
        await client.confirm_transaction(signature, sleep_seconds=0.02)
        return signature, (await client.get_genesis_hash()).value, (await client.get_slot()).value

    async def look(client):
        status = (await client.get_signature_statuses([signature], search_transaction_history=True)).value[0]
        assert status is not None and status.err is None
        found = (await client.get_transaction(signature, max_supported_transaction_version=0)).value
        assert found.transaction.meta.post_balances[1] == 3 * SOL
        return (await client.get_balance(wallet)).value, (await client.get_genesis_hash()).value, (await client.get_slot()).value

    first = start("--ledger", directory)
    signature, genesis, slot = ask(first.rpc, fund)
    # Two clusters cannot live in one directory.
    second = subprocess.run(
        [binary(), "--rpc-port", "0", "--ledger", directory], capture_output=True, text=True, timeout=30, check=False
    )
    assert second.returncode != 0 and "running cluster" in second.stderr
    assert "is kept" in stop(first)

    again = start("--ledger", directory)
    balance, same, later = ask(again.rpc, look)
    assert (balance, same) == (3 * SOL, genesis) and later >= slot
    stop(again)

    # A snapshot to begin from stays as it is.
    snapshot = directory / "snapshot"
    before = snapshot.read_bytes()
    loaded = start("--load", snapshot)
    assert ask(loaded.rpc, look)[:2] == (3 * SOL, genesis)
    stop(loaded)
    assert snapshot.read_bytes() == before

    # One changed byte is found.
    snapshot.write_bytes(before[:500] + bytes([before[500] ^ 1]) + before[501:])
    damaged = subprocess.run(
        [binary(), "--rpc-port", "0", "--ledger", directory], capture_output=True, text=True, timeout=30, check=False
    )
    assert damaged.returncode != 0 and "checksum" in damaged.stderr

    anew = start("--ledger", directory, "--reset")
    assert ask(anew.rpc, lambda client: client.get_balance(wallet)).value == 0
    stop(anew)


def peak(process) -> int:
    """The most bytes that a process has ever held in memory."""
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmHWM:"))


def flood(url: str, head: str, pieces) -> bytes:
    """Sends a head and pieces for as long as the other side takes them, and gives what it answered."""
    host, port = url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        try:
            connection.sendall(head.replace("\n", "\r\n").encode())
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass
        try:
            return connection.recv(4_096)
        except OSError:
            return b""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_hundred_megabytes_of_hostile_json_are_not_taken_in():
    running = start()
    ask(running.rpc, lambda client: client.get_balance(Keypair().pubkey()))
    before = peak(running.process)
    size, piece = 100_000_000, b"[" * 1_000_000
    post = "POST / HTTP/1.1\nHost: x\nContent-Type: application/json\n"
    for _ in range(3):
        answer = flood(running.rpc, f"{post}Content-Length: {size}\n\n", [piece] * (size // len(piece)))
        assert answer == b"" or b" 413 " in answer
        chunk = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        answer = flood(running.rpc, f"{post}Transfer-Encoding: chunked\n\n", [chunk] * (size // len(piece)))
        assert answer == b"" or b" 413 " in answer
        upgrade = (
            "GET / HTTP/1.1\nHost: x\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
        )
        frame = b"\x81\xff" + size.to_bytes(8, "big") + bytes(4)
        assert b" 101 " in flood(running.pubsub, upgrade, [frame, *[piece] * (size // len(piece))])
        fragment = b"\x01\xfe" + (60_000).to_bytes(2, "big") + bytes(4) + b"[" * 60_000
        flood(running.pubsub, upgrade, [fragment] * (size // 60_000))
    grown = peak(running.process) - before
    print(f"twelve times 100 MB: {grown / 2**20:.1f} MB more at the peak")
    assert grown < 32 * 2**20
    assert ask(running.rpc, lambda client: client.is_connected())
    stop(running)


def test_a_lagging_node_is_behind():
    running = start("--lagging-slots", "20", "--lagging-rpc-port", "0")
    lagging = running.process.stdout.readline().split()
    assert lagging[0] == "Lagging"

    async def slot(client):
        return (await client.get_slot(PROCESSED)).value

    # Slots go on between the two questions: 20 of them last 400 milliseconds.
    behind = ask(lagging[1], slot)
    ahead = ask(running.rpc, slot)
    assert behind < ahead
    stop(running)
