#!/usr/bin/env python3
"""Writes noiseprotocol.json: transcripts of Noise handshakes by the PyPI package `noiseprotocol`.

    $(Scripts/venv Interop) Tests/NoiseTests/Vectors/generate.py

The keys are hashes of labels, so that the file comes out the same every time.
"""
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from noise.connection import Keypair, NoiseConnection

PATTERNS = """N K X NN NK NX XN XK XX KN KK KX IN IK IX Npsk0 Kpsk0 Xpsk1 NNpsk0 NNpsk2 NKpsk0 NKpsk2 NXpsk2 XNpsk3
XKpsk3 XXpsk3 KNpsk0 KNpsk2 KKpsk0 KKpsk2 KXpsk2 INpsk1 INpsk2 IKpsk1 IKpsk2 IXpsk2""".split()
VARIANTS = 3


def derive(*label, size=32):
    output = b""
    while len(output) < size:
        output += hashlib.sha256("/".join(map(str, label + (len(output),))).encode()).digest()
    return output[:size]


def public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def letters(pattern):
    return pattern.split("psk")[0]


def transcript(pattern, variant):
    base = letters(pattern)
    one_way = len(base) == 1
    label = (pattern, variant)
    keys = {name: derive(*label, name) for name in ("is", "ie", "rs", "re")}
    psk = derive(*label, "psk") if "psk" in pattern else None
    prologue = derive(*label, "prologue", size=[0, 20, 115][variant])

    initiator_sends = base[0] in "XKI" and not one_way or base in ("K", "X")
    responder_has = one_way or base[1] in "XK"
    initiator_known = base[0] == "K" if not one_way else base == "K"
    responder_known = one_way or base[1] == "K"

    ends = []
    for initiator in (True, False):
        end = NoiseConnection.from_name(f"Noise_{pattern}_25519_ChaChaPoly_SHA256".encode())
        end.set_as_initiator() if initiator else end.set_as_responder()
        end.set_prologue(prologue)
        if psk:
            end.set_psks(psk)
        end.set_keypair_from_private_bytes(Keypair.EPHEMERAL, keys["ie" if initiator else "re"])
        if initiator_sends if initiator else responder_has:
            end.set_keypair_from_private_bytes(Keypair.STATIC, keys["is" if initiator else "rs"])
        if responder_known if initiator else initiator_known:
            end.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public(keys["rs" if initiator else "is"]))
        end.start_handshake()
        ends.append(end)

    messages = []
    turn = 0
    while not ends[0].handshake_finished:
        payload = derive(*label, "payload", turn, size=[0, 17, 64][(turn + variant) % 3])
        sender, receiver = ends[turn % 2], ends[1 - turn % 2]
        message = bytes(sender.write_message(payload))
        assert receiver.read_message(message) == payload
        messages.append({"payload": payload.hex(), "message": message.hex()})
        turn += 1

    transport = []
    for step in range(8):
        sender, receiver = (ends[0], ends[1]) if one_way or step % 2 == 0 else (ends[1], ends[0])
        rekey = step in (4, 5)
        if rekey:
            sender.rekey_outbound_cipher()
            receiver.rekey_inbound_cipher()
        plaintext = derive(*label, "transport", step, size=[0, 1, 63, 64, 65, 130][(step + variant) % 6])
        ciphertext = bytes(sender.encrypt(plaintext))
        assert receiver.decrypt(ciphertext) == plaintext
        transport.append({"initiator": sender is ends[0], "rekey": rekey, "plaintext": plaintext.hex(),
                          "ciphertext": ciphertext.hex()})

    assert ends[0].get_handshake_hash() == ends[1].get_handshake_hash()
    return {
        "pattern": pattern, "prologue": prologue.hex(), "psk": psk.hex() if psk else None,
        "initiatorStatic": keys["is"].hex() if initiator_sends else None,
        "responderStatic": keys["rs"].hex() if responder_has else None,
        "initiatorEphemeral": keys["ie"].hex(), "responderEphemeral": keys["re"].hex(),
        "messages": messages, "handshakeHash": ends[0].get_handshake_hash().hex(), "transport": transport,
    }


def main():
    handshakes = [transcript(pattern, variant) for pattern in PATTERNS for variant in range(VARIANTS)]
    (pathlib.Path(__file__).parent / "noiseprotocol.json").write_text(json.dumps(handshakes, indent=0) + "\n")
    print(len(handshakes), "transcripts")


if __name__ == "__main__":
    main()
