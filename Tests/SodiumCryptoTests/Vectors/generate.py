#!/usr/bin/env python3
"""Writes primitives.json: X25519 and ChaCha20-Poly1305 by OpenSSL (PyPI `cryptography`), HMAC by Python.

    $(Scripts/venv Interop) Tests/SodiumCryptoTests/Vectors/generate.py

The keys are hashes of labels, so that the file comes out the same every time.
"""
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305


def derive(*label, size=32):
    output = b""
    while len(output) < size:
        output += hashlib.sha256("/".join(map(str, label + (len(output),))).encode()).digest()
    return output[:size]


def public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def primitives():
    x25519, chacha, mac = [], [], []
    for index in range(40):
        private, peer = derive("x25519", index), public(derive("x25519 peer", index))
        shared = X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(peer))
        x25519.append({"private": private.hex(), "public": public(private).hex(), "peer": peer.hex(),
                       "shared": shared.hex()})
    for index in range(40):
        key, nonce = derive("chacha key", index), derive("chacha nonce", index, size=12)
        plaintext = derive("chacha text", index, size=index * index % 331)
        associated = derive("chacha associated", index, size=index % 40)
        chacha.append({"key": key.hex(), "nonce": nonce.hex(), "associated": associated.hex(),
                       "plaintext": plaintext.hex(),
                       "ciphertext": ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated).hex()})
    for index in range(40):
        key, message = derive("mac key", index, size=index * 3), derive("mac text", index, size=index * 7 % 300)
        mac.append({"key": key.hex(), "message": message.hex(),
                    "tag": hmac.new(key, message, hashlib.sha256).hexdigest()})
    return {"x25519": x25519, "chachaPoly": chacha, "hmacSHA256": mac}


if __name__ == "__main__":
    (pathlib.Path(__file__).parent / "primitives.json").write_text(json.dumps(primitives(), indent=0) + "\n")
