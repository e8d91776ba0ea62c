#!/usr/bin/env python3
"""Writes mlkem.json: key encapsulations by the PyPI package `cryptography`; and session.json: every byte of a short session, by the Python peer in Tests/Interop/noise.

    $(Scripts/venv Interop) Tests/PeerChannelTests/Vectors/generate.py

The keys are hashes of labels, so that the file comes out the same every time.
"""
import hashlib
import json
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from noise.connection import Keypair, NoiseConnection

def derive(*label, size=32):
    output = b""
    while len(output) < size:
        output += hashlib.sha256("/".join(map(str, label + (len(output),))).encode()).digest()
    return output[:size]


def public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def encapsulations():
    """ML-KEM-768: good ciphertexts, damaged ones (which decapsulate to something else), and keys that must be refused.

    Encapsulating draws from the system's random source, so these come out differently every time.
    """
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "Interop" / "noise"))
    import peer

    cases = []
    for index in range(32):
        seed = derive("mlkem", index, size=64)
        private = MLKEM768PrivateKey.from_seed_bytes(seed)
        key = private.public_key().public_bytes_raw()
        secret, ciphertext = private.public_key().encapsulate()
        if index % 4 == 3:
            position = (index * 37) % len(ciphertext)
            damaged = bytearray(ciphertext)
            damaged[position] ^= 1 << index % 8
            ciphertext = bytes(damaged)
            assert private.decapsulate(ciphertext) != secret
            secret = private.decapsulate(ciphertext)
        cases.append({"seed": seed.hex(), "key": key.hex(), "ciphertext": ciphertext.hex(), "secret": secret.hex(),
                      "presharedKey": peer.preshared_key(secret, key, ciphertext).hex()})
    refused = []
    good = bytes.fromhex(cases[0]["key"])
    # A coefficient that is not reduced (FIPS 203, section 7.2), first and last; keys of other lengths.
    last = good[:1149] + bytes([good[1149] | 0xf0, 0xff]) + good[1151:]
    for bad in (b"\xff\xff" + good[2:], last, good[:-1], good + b"\0", b""):
        try:
            MLKEM768PublicKey.from_public_bytes(bad).encapsulate()
        except ValueError:
            refused.append(bad.hex())
    assert len(refused) >= 4, len(refused)
    return {"cases": cases, "refusedKeys": refused}


def session():
    """A session of chainference/peer/1 with fixed keys: the example in Documentation/peer-protocol.md."""
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "Interop" / "noise"))
    import peer

    server, client = bytes([0x11] * 32), bytes([0x22] * 32)
    options = {"genesis": "01" * 32, "program": "02" * 32, "wallet": "03" * 32, "server": public(server).hex()}
    ends = {}
    for name, private, ephemeral in (("client", client, bytes([0x33] * 32)), ("server", server, bytes([0x44] * 32))):
        noise = NoiseConnection.from_name(b"Noise_XK_25519_ChaChaPoly_SHA256")
        noise.set_as_initiator() if name == "client" else noise.set_as_responder()
        noise.set_prologue(peer.prologue(options))
        noise.set_keypair_from_private_bytes(Keypair.STATIC, private)
        noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral)
        if name == "client":
            noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public(server))
        noise.start_handshake()
        ends[name] = noise
    request = b"a request address of thirty-two."
    hello = struct.pack("<qIIIHHHH", 1_700_000_000_000, 1 << 20, 3600, 600, 100, 256, 200, 256) + bytes(36)
    ask = request + struct.pack("<IQB", 0, 0, 0) + bytes(19)
    first = bytes(ends["client"].write_message())
    ends["server"].read_message(first)
    second = bytes(ends["server"].write_message(hello))
    ends["client"].read_message(second)
    third = bytes(ends["client"].write_message(ask))
    ends["server"].read_message(third)

    to_server, to_client = peer.Channel(None, ends["client"]), peer.Channel(None, ends["server"])
    prompt, answer = b"Why is the sky blue?", b"Rayleigh scattering."
    digest = hashlib.sha256
    records = [
        ("client", to_server.seal(peer.PROMPT, struct.pack("<III", 1, 65_536, len(prompt)) + digest(prompt).digest()
                                  + prompt, size=4096)),
        ("client", to_server.seal(peer.PAD, size=4096)),
        ("server", to_client.seal(peer.ACCEPT, struct.pack("<IIIIHH", 1, 7, 1000, 256, 100, 256), size=256)),
        ("client", to_server.seal(peer.VOUCHER, struct.pack("<Qq", 1234, 5000) + bytes([9] * 64), size=256)),
        ("server", to_client.seal(peer.DATA, struct.pack("<IIQ", 1, 3, 0) + answer, size=256)),
        ("server", to_client.seal(peer.FIN, struct.pack("<IBBQ", 1, 0, 1, len(answer)) + digest(answer).digest()
                                  + struct.pack("<II", 7, 3) + bytes([5] * 64), size=256)),
        ("client", to_server.seal(peer.CLOSE, b"\0", size=256)),
    ]
    frame = lambda message: struct.pack(">H", len(message)) + message  # noqa: E731
    return {
        "first": (bytes([peer.SUITE]) + frame(first)).hex(), "second": frame(second).hex(), "third": frame(third).hex(),
        "handshakeHash": ends["client"].get_handshake_hash().hex(), "request": request.decode(),
        "prompt": prompt.decode(), "answer": answer.decode(),
        "records": [{"from": sender, "wire": wire.hex()} for sender, wire in records],
    }


def main():
    here = pathlib.Path(__file__).parent
    (here / "mlkem.json").write_text(json.dumps(encapsulations(), indent=0) + "\n")
    (here / "session.json").write_text(json.dumps(session(), indent=0) + "\n")
    print("32 encapsulations and a session")


if __name__ == "__main__":
    main()
