"""Handshake DoS: ten thousand garbage connections to a provider, while an honest client is served."""

import struct
import time

from garbage import Attack, resident, under_attack
from harness import LOCALNET_PROGRAM, free_port
from noise.connection import Keypair, NoiseConnection
from solders.pubkey import Pubkey

COUNT = 10_000


def test_ten_thousand_garbage_connections(market, capsys):
    port = free_port()
    provider, key = market.provider("seller", port=port)
    with provider:
        address = provider.wait_for(r"(/ip4/\S+/nxk/[12+]+/\w+)").group(1)
        provider.wait_for("registered")
        server_key = bytes(Pubkey.from_string(address.rsplit("/", 1)[1]))
        genesis = bytes(Pubkey.from_string(market.chain.call("getGenesisHash")))
        prologue = b"chainference/peer/1\0\1" + genesis + bytes(LOCALNET_PROGRAM) + bytes(key.pubkey())

        def begin():
            noise = NoiseConnection.from_name(b"Noise_XK_25519_ChaChaPoly_SHA256")
            noise.set_as_initiator()
            noise.set_prologue(prologue)
            noise.set_keypair_from_private_bytes(Keypair.STATIC, bytes(range(32)))
            noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, server_key)
            noise.start_handshake()
            return noise

        def first_message():
            message = bytes(begin().write_message())
            return struct.pack(">H", len(message)) + message

        # An honest client buys an answer, from finding the server to settling; then others do, until the attack is over.
        answers = []

        def honest():
            client, _ = market.client(f"buyer-{len(answers)}", "--max-tokens", 8, "Say something.")
            with client:
                assert client.finish(within=30) == 0, client.output
            answers.append(client.output)

        began = time.monotonic()
        honest()
        quiet = time.monotonic() - began
        before = resident(provider.process.pid)
        began = time.monotonic()
        attack = Attack(port, COUNT, b"\1", first_message)
        times, peak = under_attack(attack, provider.process.pid, honest)
        took = time.monotonic() - began
        assert provider.stop() == 0, provider.output
    with capsys.disabled():
        print(
            f"\n  {attack.opened} garbage connections in {took:.1f} s: the provider grew by {peak - before} bytes and served "
            f"{len(times)} honest clients, whole purchases of {times[0]:.1f} to {times[-1]:.1f} s, {quiet:.1f} s before it"
        )
    assert attack.opened == COUNT
    assert times and times[-1] < quiet + 20
    assert peak - before < 64 << 20
    for kind, sizes in attack.replies.items():
        # A first message that is valid is answered with the second; everything else with silence.
        assert sizes <= ({114} if kind == "a first message, then silence" else set()), kind
