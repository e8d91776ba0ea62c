#!/usr/bin/env python3
"""A peer of chainference/peer/1 in Python, written from Documentation/peer-protocol.md on the PyPI package `noiseprotocol`.

    peer.py client '<json>'    connects, sends a prompt, prints what came back
    peer.py server '<json>'    listens, prints its port, answers one prompt, prints what it saw

The Swift tests start it and compare; it shares no code with them.
"""
import collections
import hashlib
import hmac
import json
import socket
import struct
import sys
import warnings

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from noise.connection import Keypair, NoiseConnection

warnings.filterwarnings("ignore")

PAD, PROMPT, ACCEPT, DATA, FIN, CANCEL, CANCELLED, ERROR, PING, PONG, RESUME, WINDOW, CLOSE, VOUCHER = range(14)
MORE = 1
REKEY_INTERVAL = 1024
SUITE = 1
NAMES = {1: b"Noise_XK_25519_ChaChaPoly_SHA256", 2: b"Noise_XKpsk3_25519_ChaChaPoly_SHA256"}


class Channel:
    """Framing, records and rekeying over a finished handshake."""

    def __init__(self, connection, noise):
        self.connection = connection
        self.noise = noise
        self.sent = self.received = 0
        self.sent_under_key = self.received_under_key = 0
        self.wire_sizes = []

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.connection.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def send_frame(self, message):
        self.connection.sendall(struct.pack(">H", len(message)) + bytes(message))

    def receive_frame(self):
        (length,) = struct.unpack(">H", self.exactly(2))
        return self.exactly(length)

    def seal(self, kind, body=b"", flags=0, size=None):
        plaintext = struct.pack("<BBH", kind, flags, len(body)) + body
        if size:
            plaintext += bytes(size - 2 - 16 - len(plaintext))
        ciphertext = self.noise.encrypt(plaintext)
        self.sent += 1
        self.sent_under_key += 1
        if self.sent_under_key == REKEY_INTERVAL or (kind == PROMPT and not flags & MORE):
            self.noise.rekey_outbound_cipher()
            self.sent_under_key = 0
        return struct.pack(">H", len(ciphertext)) + ciphertext

    def send(self, kind, body=b"", **options):
        self.connection.sendall(self.seal(kind, body, **options))

    def receive(self):
        ciphertext = self.receive_frame()
        self.wire_sizes.append(len(ciphertext) + 2)
        plaintext = self.noise.decrypt(ciphertext)
        kind, flags, length = struct.unpack_from("<BBH", plaintext)
        body = plaintext[4:4 + length]
        assert len(body) == length and not any(plaintext[4 + length:]), "padding"
        self.received += 1
        self.received_under_key += 1
        if self.received_under_key == REKEY_INTERVAL or (kind == PROMPT and not flags & MORE):
            self.noise.rekey_inbound_cipher()
            self.received_under_key = 0
        return kind, flags, body

    def receive_message(self):
        kind, flags, body = self.receive()
        while flags & MORE:
            next_kind, flags, piece = self.receive()
            assert next_kind == kind
            body += piece
        return kind, body


def prologue(options):
    parts = [b"chainference/peer/1", b"\0", bytes([options.get("suite", SUITE)])]
    return b"".join(parts + [bytes.fromhex(options[name]) for name in ("genesis", "program", "wallet")])


def begin(options, initiator):
    suite = options.get("suite", SUITE)
    noise = NoiseConnection.from_name(NAMES[suite])
    if suite == 2:
        noise.set_psks(psk=bytes(32))  # replaced before the third message
    noise.set_as_initiator() if initiator else noise.set_as_responder()
    noise.set_prologue(prologue(options))
    noise.set_keypair_from_private_bytes(Keypair.STATIC, bytes.fromhex(options["private"]))
    if initiator:
        noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, bytes.fromhex(options["server"]))
    noise.start_handshake()
    return noise


def preshared_key(secret, key, ciphertext):
    """Suite 2: what both sides mix into the third message."""
    label = b"chainference/pq-psk/1".ljust(32, b"\0")
    return hmac.digest(label, secret + hashlib.sha256(key + ciphertext).digest(), "sha256")


def client(options):
    connection = socket.create_connection(("127.0.0.1", options["port"]), timeout=120)
    channel = Channel(connection, begin(options, True))
    suite = options.get("suite", SUITE)
    connection.sendall(bytes([suite]))
    kem = MLKEM768PrivateKey.generate() if suite == 2 else None
    key = kem.public_key().public_bytes_raw() if kem else b""
    channel.send_frame(channel.noise.write_message(key))
    hello = bytes(channel.noise.read_message(channel.receive_frame()))
    if kem:
        hello, ciphertext = hello[:64], hello[64:]
        channel.noise.noise_protocol.psks = [preshared_key(kem.decapsulate(ciphertext), key, ciphertext)]
    assert len(hello) == 64 and not any(hello[28:])
    time, limit, session, idle, *shapes = struct.unpack_from("<qIIIHHHH", hello)
    request = bytes.fromhex(options["request"])
    payload = request + struct.pack("<IQB", 0, 0, 1 if options["unshaped"] else 0) + bytes(19)
    assert len(payload) == 64
    channel.send_frame(channel.noise.write_message(payload))

    prompt = bytes.fromhex(options["prompt"])
    window = 1 << 16
    message = struct.pack("<III", 1, window, len(prompt)) + hashlib.sha256(prompt).digest() + prompt
    pieces = [message[index:index + 4074] for index in range(0, len(message), 4074)]
    for index, piece in enumerate(pieces):
        channel.send(PROMPT, piece, flags=MORE if index + 1 < len(pieces) else 0, size=4096)

    text, tokens, accepted, finish, limit_sent = b"", 0, None, None, window
    carried = collections.Counter()
    while finish is None:
        kind, body = channel.receive_message()
        if kind == ACCEPT:
            number, *accepted = struct.unpack_from("<IIIIHH", body)
            assert number == 1
            if len(body) > 20:
                tokens, = struct.unpack_from("<I", body, 20)
                text += body[24:]
                carried[tokens] += 1
            # More than one key's worth of records from the client: vouchers and padding.
            for step in range(options["vouchers"]):
                channel.send(VOUCHER, struct.pack("<Qq", step + 1, 99) + bytes(64), size=256)
                channel.send(PAD, size=256)
        elif kind == DATA:
            number, total, offset = struct.unpack_from("<IIQ", body)
            assert number == 1 and offset == len(text)
            carried[total - tokens] += 1
            tokens = total
            text += body[16:]
            if len(text) + window // 2 > limit_sent:
                limit_sent = len(text) + window
                channel.send(WINDOW, struct.pack("<IQ", 1, limit_sent))
        elif kind == FIN:
            number, reason, has_receipt, length = struct.unpack_from("<IBBQ", body)
            digest, rest = body[14:46], body[46:]
            used = struct.unpack_from("<II", rest)
            assert number == 1 and length == len(text) and digest == hashlib.sha256(text).digest()
            finish = {"reason": reason, "input": used[0], "output": used[1], "signature": rest[8:].hex()}
            assert len(rest) == 8 + 64 * has_receipt
            # The stream goes on for as long as four of the client's ticks take, at least 4 and at most 64 records.
            earliest = channel.received + min(max(-(-4 * shapes[2] // shapes[0]), 4), 64)
        elif kind == ERROR:
            raise SystemExit("server error " + body.hex())
        elif kind not in (PAD, PONG):
            raise SystemExit(f"unexpected record {kind}")
    while not options["unshaped"] and (channel.received % 64 or channel.received < earliest):
        assert channel.receive()[0] == PAD
    channel.send(CLOSE, b"\0")
    try:
        while True:
            channel.receive()
    except (EOFError, ConnectionError):
        pass
    print(json.dumps({
        "hash": channel.noise.get_handshake_hash().hex(), "text": text.hex(), "tokens": tokens, "accepted": accepted,
        "finish": finish, "sent": channel.sent, "received": channel.received, "carried": carried,
        "sizes": sorted(set(channel.wire_sizes)), "hello": [limit, session, idle, *shapes],
    }))


def server(options):
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    listener.settimeout(120)
    connection, _ = listener.accept()
    connection.settimeout(120)
    channel = Channel(connection, begin(options, False))
    suite = options.get("suite", SUITE)
    assert channel.exactly(1) == bytes([suite])
    key = bytes(channel.noise.read_message(channel.receive_frame()))
    secret, ciphertext = MLKEM768PublicKey.from_public_bytes(key).encapsulate() if suite == 2 else (b"", b"")
    hello = struct.pack("<qIIIHHHH", 0, 1 << 20, 3600, 600, 100, 256, 10, 256)
    channel.send_frame(channel.noise.write_message(hello + bytes(64 - len(hello)) + ciphertext))
    if suite == 2:
        channel.noise.noise_protocol.psks = [preshared_key(secret, key, ciphertext)]
    payload = channel.noise.read_message(channel.receive_frame())
    assert len(payload) == 64 and not any(payload[45:])
    request, unshaped = payload[:32], payload[44]

    kind, message = channel.receive_message()
    assert kind == PROMPT
    number, window, length = struct.unpack_from("<III", message)
    digest, prompt = message[12:44], message[44:]
    assert length == len(prompt) and digest == hashlib.sha256(prompt).digest()

    channel.send(ACCEPT, struct.pack("<IIIIHH", number, 5, 1 << 20, 256, 0, 0))
    vouchers, kinds, text, tokens = [], set(), b"", 0

    def hear():
        nonlocal window
        kind, body = channel.receive_message()
        kinds.add(kind)
        if kind == VOUCHER:
            vouchers.append(struct.unpack_from("<Q", body)[0])
        elif kind == WINDOW:
            number_, window = struct.unpack("<IQ", body)
            assert number_ == number
        elif kind == PING:
            channel.send(PONG, body)
        return kind

    while not vouchers:
        hear()
    channel.send(PING, b"abcdefgh")
    for index in range(options["records"]):
        piece = prompt[index % len(prompt):index % len(prompt) + 40] or b"."
        while len(text) + len(piece) > window:
            hear()
        channel.send(DATA, struct.pack("<IIQ", number, tokens + 1, len(text)) + piece)
        tokens += 1
        text += piece
    fin = struct.pack("<IBBQ", number, 0, 1, len(text)) + hashlib.sha256(text).digest()
    channel.send(FIN, fin + struct.pack("<II", 5, tokens) + bytes(range(64)))
    try:
        while CLOSE not in kinds:
            hear()
    except (EOFError, ConnectionError):
        pass
    connection.close()
    print(json.dumps({
        "hash": channel.noise.get_handshake_hash().hex(), "request": request.hex(), "unshaped": unshaped,
        "prompt": hashlib.sha256(prompt).hexdigest(), "text": hashlib.sha256(text).hexdigest(), "vouchers": vouchers, "pong": PONG in kinds,
        "closed": CLOSE in kinds,
        "sent": channel.sent, "received": channel.received,
    }), flush=True)


if __name__ == "__main__":
    {"client": client, "server": server}[sys.argv[1]](json.loads(sys.argv[2]))
