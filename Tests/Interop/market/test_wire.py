"""What crosses the wire between client and provider shows neither prompt nor answer nor the request's address."""

import base64
import os
import socket
import struct
import sys
import threading

import pytest

from harness import LOCALNET_PROGRAM, free_port
from solders.pubkey import Pubkey

PROMPT = "My secret is the word xylophone-quartz-marmalade, keep it."


class Capture:
    """Everything that crosses the loopback interface from or to some TCP ports, by a raw socket."""

    def __init__(self, *ports: int):
        self.ports = set(ports)
        self.payload: dict[int, bytearray] = {port: bytearray() for port in ports}
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.socket.bind(("lo", 0))
        self.socket.settimeout(0.2)
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.running:
            try:
                frame = self.socket.recv(262_144)
            except TimeoutError:
                continue
            ip = frame[14:]
            if len(ip) < 40 or ip[0] >> 4 != 4 or ip[9] != 6:
                continue
            tcp = ip[(ip[0] & 15) * 4 :]
            source, target = struct.unpack_from(">HH", tcp)
            data = tcp[(tcp[12] >> 4) * 4 : struct.unpack_from(">H", ip, 2)[0] - (ip[0] & 15) * 4]
            for port in {source, target} & self.ports:
                self.payload[port] += data

    def stop(self):
        self.running = False
        self.thread.join()
        self.socket.close()


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="capturing packets needs Linux and the right to open raw sockets"
)
def test_the_wire_shows_nothing(market):
    port = free_port()
    provider, _ = market.provider("seller", port=port)
    rpc_port = int(market.url.rsplit(":", 1)[1])
    with provider:
        provider.wait_for("registered")
        capture = Capture(port, rpc_port)
        client, buyer = market.client("buyer", "--max-tokens", 60, PROMPT)
        with client:
            request = client.wait_for(r"request (\w+)").group(1)
            assert client.finish(within=90) == 0, client.output
        capture.stop()
        provider.stop()

    answer = [line for line in client.output.splitlines() if line and not line.startswith(" ")]
    words = [word for word in " ".join(answer).split() if len(word) > 5]
    assert words, f"no answer was printed:\n{client.output}"
    wire = bytes(capture.payload[port])
    assert len(wire) > 10_000, "the capture is too small to be the session"

    address = bytes(Pubkey.from_string(request))
    secrets = {
        "prompt": PROMPT.encode(),
        "a word of the prompt": b"xylophone-quartz-marmalade",
        "request address": address,
        "request address in base58": request.encode(),
        "request address in hex": address.hex().encode(),
        "request address in base64": base64.b64encode(address)[:40],
        "the client's wallet": bytes(buyer.pubkey()),
        "the program": bytes(LOCALNET_PROGRAM),
        **{f"the answer's word {word}": word.encode() for word in words},
    }
    for what, secret in secrets.items():
        assert secret not in wire, f"{what} is on the wire"

    # The probe works: the same capture of the JSON-RPC port does show the request's address.
    assert request.encode() in bytes(capture.payload[rpc_port])
