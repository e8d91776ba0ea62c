"""NAT reachability and blind rendezvous: a provider without a way in sells an answer through a relay."""

import base64
import errno
import socket

import pytest
from harness import BINARIES, LOCALNET_PROGRAM, Program, wallet
from namespaces import CLIENT, RELAY, SERVER, Capture, Namespaces, missing
from solders.pubkey import Pubkey

PROMPT = "My secret is the word xylophone-quartz-marmalade, keep it."
LISTENING, ESTABLISHED = "0A", "01"


@pytest.mark.skipif(reason := missing(), reason=reason or "")
def test_a_server_without_a_way_in_sells_through_a_relay(market, tmp_path):
    rpc_port = int(market.url.rsplit(":", 1)[1])
    with Namespaces() as machines:
        for role in ("client", "server"):
            for port in (rpc_port, rpc_port + 1):
                machines.lend(role, port)

        # The server's machine has an address, and nobody outside reaches it.
        def reach():
            attempt = socket.socket()
            attempt.settimeout(2)
            return attempt.connect_ex((SERVER, 3819))

        listener = machines.call("server", lambda: socket.create_server((SERVER, 3819)))
        assert machines.call("client", reach) in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EAGAIN, errno.ETIMEDOUT)
        listener.close()

        relay = Program(
            *machines.within("relay"),
            BINARIES / "chainference-relay",
            *("--listen", "0.0.0.0", "--advertise", RELAY, "--key", tmp_path / "relay.key", "--report", 1),
        )
        with relay:
            address = relay.wait_for(r"^relay (\S+)").group(1)
            assert address.startswith(f"/ip4/{RELAY}/tcp/3820/nnk/")
            seller_path, seller = wallet(tmp_path, "seller")
            market.chain.fund(seller.pubkey(), 2_000_000_000)
            provider = Program(
                *machines.within("server"),
                BINARIES / "chainference-provider",
                *("--cluster", market.url, "--wallet", seller_path, "--state", tmp_path / "seller-state"),
                *("--relay", address),
            )
            with provider:
                provider.wait_for("registered")
                # What is on the chain is the way through the relay.
                accounts = market.chain.program_accounts(LOCALNET_PROGRAM)
                assert any((address + "/p2p-circuit/nxk/1").encode() in data for data in accounts.values())
                # The provider listens nowhere: what listens there are the test's own two ports.
                listening = {row[1] for row in machines.tcp("server") if row[4] == LISTENING}
                assert listening == {rpc_port, rpc_port + 1}

                capture = Capture(machines, "relay")
                buyer_path, buyer = wallet(tmp_path, "buyer")
                market.chain.fund(buyer.pubkey(), 1_000_000_000)
                client = Program(
                    *machines.within("client"),
                    BINARIES / "chainference-client",
                    *("--cluster", market.url, "--wallet", buyer_path, "--max-tokens", 60, PROMPT),
                )
                with client:
                    request = client.wait_for(r"request (\w+)", within=90).group(1)
                    assert client.finish(within=120) == 0, client.output + provider.output
                # All that the server ever saw on its network is the relay.
                seen = {row[2] for row in machines.tcp("server") if row[4] == ESTABLISHED} - {"127.0.0.1"}
                assert seen <= {RELAY}, seen
                assert provider.stop() == 0, provider.output
            packets = capture.stop()
            relay.wait_for(r"1 opened, 0 refused, \d{4,} bytes")
            assert relay.stop() == 0

    answer = [line for line in client.output.splitlines() if line and not line.startswith(" ")]
    words = [word for word in " ".join(answer).split() if len(word) > 5]
    assert words, f"no answer was printed:\n{client.output}"
    wire = b"".join(packets)
    assert len(wire) > 10_000, "the capture is too small to be the session"
    account = bytes(Pubkey.from_string(request))
    secrets = {"prompt": PROMPT.encode(), "a word of the prompt": b"xylophone-quartz-marmalade"}
    for name, key in (("request", account), ("buyer", bytes(buyer.pubkey())), ("seller", bytes(seller.pubkey()))):
        secrets[name] = key
        secrets[f"{name} in base58"] = str(Pubkey.from_bytes(key)).encode()
        secrets[f"{name} in hex"] = key.hex().encode()
        secrets[f"{name} in base64"] = base64.b64encode(key)[:40]
    secrets |= {f"the answer's word {word}": word.encode() for word in words}
    for what, secret in secrets.items():
        assert secret not in wire, f"{what} is on the relay's wire"
        assert secret.decode("latin-1") not in relay.output, f"{what} is in the relay's log"
    # The client's address is where packets between client and relay have it, and nowhere else.
    client_bytes = socket.inet_aton(CLIENT)
    towards_server = [packet for packet in packets if socket.inet_aton(SERVER) in packet[:34]]
    assert len(towards_server) > 100
    assert not any(client_bytes in packet or CLIENT.encode() in packet for packet in towards_server)
    # The probe works: on the client's side of the relay it does find the address.
    assert any(client_bytes in packet for packet in packets)
    for text in (relay.output, provider.output):
        assert CLIENT not in text
