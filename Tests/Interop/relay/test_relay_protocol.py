"""The relay, spoken to by software that shares no code with it."""

import os
import select
import stat

from garbage import Attack, resident, under_attack
from noise.connection import Keypair, NoiseConnection
from relay_peer import (
    ACCEPT, CONNECT, DECLINE, NO_ANSWER, PING, PONG, SERVER_BUSY, SERVER_OFFLINE, SERVER_UNKNOWN, TOKEN_UNKNOWN,
    Link, Server, circuit, parse,
)


def test_both_sides_by_somebody_else(relay, tmp_path):
    server = Server()
    with Link(relay.address) as client:
        client.send(CONNECT, server.destination)
        assert client.opened() == SERVER_UNKNOWN

    with Link(relay.address, server) as control:
        seconds, circuits, circuit_seconds, circuit_bytes = control.reserve(60)
        assert (seconds, circuits, circuit_seconds, circuit_bytes) == (60, 256, 3900, 1 << 30)
        control.send(PING, b"12345678")
        kind, body = control.receive()
        assert (kind, body[:8]) == (PONG, b"12345678")

        client, back = circuit(relay.address, server, control)
        message = os.urandom(300_000)
        back.socket.sendall(b"from the server")
        assert client.exactly(15) == b"from the server"
        client.socket.sendall(message)
        assert back.exactly(len(message)) == message
        # One side finishes, the other goes on for a moment.
        client.socket.shutdown(1)
        assert back.socket.recv(1) == b""
        back.socket.sendall(b"last words")
        back.close()
        assert client.exactly(10) == b"last words"
        assert client.socket.recv(1) == b""
        client.close()

        # A server may turn a client away, and a token works once and for nobody else.
        with Link(relay.address) as client:
            client.send(CONNECT, server.destination)
            token = control.incoming()
            control.send(DECLINE, token)
            assert client.opened() == SERVER_BUSY
            with Link(relay.address) as late:
                late.send(ACCEPT, token)
                assert late.opened() == TOKEN_UNKNOWN
        # One that does not answer.
        with Link(relay.address) as client:
            client.send(CONNECT, server.destination)
            control.incoming()
            assert client.opened() == NO_ANSWER

    def offline():
        with Link(relay.address) as client:
            client.send(CONNECT, server.destination)
            code = client.opened()
            assert code in (NO_ANSWER, SERVER_OFFLINE)
            return code == SERVER_OFFLINE

    while not offline():
        pass
    key = tmp_path / "relay.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and key.stat().st_size == 32
    assert relay.stop() == 0
    assert "127.0.0.1" not in relay.output.replace(relay.address, "")


def test_backpressure_of_stalled_readers(relay, capsys):
    """Fifty readers that stall: the relay stops reading, its memory stays bounded, and nothing is lost."""
    server = Server()
    chunk = os.urandom(1 << 16)
    accepted, ends = [], []
    with Link(relay.address, server) as control:
        control.reserve()
        ends.append(circuit(relay.address, server, control, buffer=4096))
        before = resident(relay.process.pid)
        for number in range(50):
            if number:
                ends.append(circuit(relay.address, server, control, buffer=4096))
            back = ends[number][1].socket
            back.setblocking(False)
            sent = 0
            # Until nothing has gone out for a while; far more than anybody has room for.
            while sent < 1 << 26 and select.select([], [back], [], 0.1)[1]:
                try:
                    sent += back.send(chunk[sent % len(chunk) :])
                except BlockingIOError:
                    pass
            accepted.append(sent)
        grown = resident(relay.process.pid) - before
        # The last one reads at last, and gets what was sent, in order.
        client, back = ends[-1]
        back.socket.setblocking(True)
        back.socket.shutdown(1)
        received = client.exactly(accepted[-1])
        assert received == (chunk * (len(received) // len(chunk) + 1))[: len(received)]
        assert client.socket.recv(1) == b""
        for link in sum(ends, ()):
            link.close()
    with capsys.disabled():
        print(f"\n  50 stalled circuits took {max(accepted)} bytes at most each; the relay grew by {grown} bytes")
    # What the system's buffers of both connections hold, and what the relay has.
    assert max(accepted) < 8 << 20
    # 64 KiB for each direction, and what a connection costs.
    assert grown < 50 * (2 * 65_536 + 65_536)


def test_garbage_connections_to_the_relay(relay, capsys):
    """A relay under garbage: silent to it, bounded, and honest clients are answered."""
    _, port, key = parse(relay.address)

    def first_message():
        noise = NoiseConnection.from_name(b"Noise_NK_25519_ChaChaPoly_SHA256")
        noise.set_as_initiator()
        noise.set_prologue(b"chainference/relay/1\0\1")
        noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, key)
        noise.start_handshake()
        return b"\0\x30" + bytes(noise.write_message())

    def honest():
        with Link(relay.address) as client:
            client.send(CONNECT, bytes(32))
            assert client.opened() == SERVER_UNKNOWN

    honest()
    before = resident(relay.process.pid)
    attack = Attack(port, 3_000, b"\1", first_message)
    times, peak = under_attack(attack, relay.process.pid, honest)
    with capsys.disabled():
        print(
            f"\n  {attack.opened} garbage connections: the relay grew by {peak - before} bytes, {len(times)} honest clients "
            f"were answered in {times[len(times) // 2] * 1000:.0f} ms (median), {times[-1] * 1000:.0f} ms at worst"
        )
    assert attack.opened == 3_000 and len(times) >= 5
    assert times[-1] < 5
    assert peak - before < 48 << 20
    for kind, sizes in attack.replies.items():
        # Whoever begins a valid handshake gets the second message; nobody else gets a byte.
        assert sizes <= ({50} if kind == "a first message, then silence" else set()), kind
