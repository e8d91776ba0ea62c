"""The two sides of chainference/relay/1 in Python, written from Documentation/relay.md on the PyPI package `noiseprotocol`.

It shares no code with the relay.
"""

import hashlib
import os
import socket
import struct
import warnings

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from noise.connection import Keypair, NoiseConnection
from solders.pubkey import Pubkey

warnings.filterwarnings("ignore")

RESERVE, RESERVED, INCOMING, DECLINE, PING, PONG = 1, 2, 3, 4, 5, 6
CONNECT, ACCEPT, OPEN, REFUSED = 0x10, 0x11, 0x12, 0x1F
SERVER_UNKNOWN, SERVER_OFFLINE, SERVER_BUSY, RELAY_FULL, TOO_MANY, NO_ANSWER, TOKEN_UNKNOWN, SUPERSEDED = range(1, 9)


def parse(address: str) -> tuple[str, int, bytes]:
    """Host, port and key of a relay's address."""
    _, _, host, _, port, _, key, *_ = address.split("/")
    return host, int(port), bytes(Pubkey.from_string(key))


class Server:
    """A server's key."""

    def __init__(self):
        self.private = os.urandom(32)
        self.public = X25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw()
        self.destination = hashlib.sha256(self.public).digest()


class Link:
    """A conversation with the relay: anonymous, or as a server."""

    def __init__(self, address: str, server: Server | None = None, buffer: int | None = None):
        host, port, key = parse(address)
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(30)
        self.socket.connect((host, port))
        kind = 2 if server else 1
        self.noise = NoiseConnection.from_name(
            b"Noise_%s_25519_ChaChaPoly_SHA256" % (b"XK" if server else b"NK")
        )
        self.noise.set_as_initiator()
        self.noise.set_prologue(b"chainference/relay/1\0" + bytes([kind]))
        self.noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, key)
        if server:
            self.noise.set_keypair_from_private_bytes(Keypair.STATIC, server.private)
        self.noise.start_handshake()
        self.socket.sendall(bytes([kind]))
        self._send(self.noise.write_message())
        assert self.noise.read_message(self._receive(48)) == b""
        if server:
            self._send(self.noise.write_message())

    def _send(self, message: bytes):
        self.socket.sendall(struct.pack(">H", len(message)) + bytes(message))

    def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def _receive(self, length: int) -> bytes:
        assert struct.unpack(">H", self.exactly(2)) == (length,)
        return self.exactly(length)

    def send(self, kind: int, body: bytes = b""):
        self._send(self.noise.encrypt(bytes([kind]) + body + bytes(63 - len(body))))

    def receive(self) -> tuple[int, bytes]:
        message = self.noise.decrypt(self._receive(80))
        assert len(message) == 64
        return message[0], bytes(message[1:])

    # What clients and servers do.

    def reserve(self, seconds: int = 60) -> tuple[int, int, int, int]:
        """Asks to be reachable; gives seconds, circuits, seconds and bytes of each."""
        self.send(RESERVE, struct.pack("<I", seconds))
        kind, body = self.receive()
        assert kind == RESERVED, (kind, body)
        return struct.unpack_from("<IHIQ", body)

    def incoming(self) -> bytes:
        kind, body = self.receive()
        assert kind == INCOMING, (kind, body)
        return body[:32]

    def opened(self) -> tuple[int, int] | int:
        """The circuit's limits, or the code of a refusal."""
        kind, body = self.receive()
        if kind == REFUSED:
            return struct.unpack_from("<H", body)[0]
        assert kind == OPEN, (kind, body)
        assert not any(body[12:])
        return struct.unpack_from("<IQ", body)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def circuit(address: str, server: Server, control: Link, buffer: int | None = None) -> tuple[Link, Link]:
    """Both ends of a new circuit to a server that has reserved: the client's and the server's."""
    client = Link(address, buffer=buffer)
    client.send(CONNECT, server.destination)
    back = Link(address)
    back.send(ACCEPT, control.incoming())
    assert isinstance(back.opened(), tuple)
    assert isinstance(client.opened(), tuple)
    return client, back
