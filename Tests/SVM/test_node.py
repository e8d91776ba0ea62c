"""The node over the VM, spoken to as a wallet would: raw JSON-RPC and WebSocket messages, Agave's shapes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from market.accounts import Request
from market.instructions import MarketProgram, RequestTerms
from market.wire import discriminator
from node import base58
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction
from websockets.sync.client import ClientConnection, connect
from world import MODEL, model_hash, program_path, seeded

HERE = Path(__file__).resolve().parent
PROGRAM = MarketProgram(seeded("chainference localnet program").pubkey())


class Node:
    """A running node and the two ways to speak to it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        assert ready[:1] == ["ready"], ready
        places = dict(word.split("=", 1) for word in ready[1:])
        self.rpc, self.pubsub, self.program = places["rpc"], places["pubsub"], places["program"]

    def post(self, body: Any) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.rpc, raw, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def ask(self, method: str, *params: Any) -> dict[str, Any]:
        return self.post({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})

    def call(self, method: str, *params: Any) -> Any:
        answer = self.ask(method, *params)
        assert "error" not in answer, answer
        return answer["result"]

    def refuse(self, method: str, *params: Any) -> dict[str, Any]:
        answer = self.ask(method, *params)
        assert "result" not in answer, answer
        return answer["error"]

    def funded(self) -> Keypair:
        pair = Keypair()
        self.call("requestAirdrop", str(pair.pubkey()), 10**9)
        return pair

    def signed(self, instructions: list[Instruction], signers: list[Keypair], blockhash: str | None = None) -> str:
        recent = Hash.from_string(blockhash or self.call("getLatestBlockhash")["value"]["blockhash"])
        message = Message.new_with_blockhash(instructions, signers[0].pubkey(), recent)
        return base64.b64encode(bytes(Transaction(signers, message, recent))).decode()

    def send(self, instructions: list[Instruction], signers: list[Keypair]) -> str:
        return self.call("sendTransaction", self.signed(instructions, signers), {"encoding": "base64"})


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    command = [sys.executable, "-m", "node", "--program", str(program_path()), "--port", "0"]
    command += ["--slot-milliseconds", "20", "--finalize-after", "4"]
    process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        yield Node(process)
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


class Socket:
    """A WebSocket connection whose notifications are kept until they are asked for."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.kept: dict[int, list[Any]] = {}

    def ask(self, method: str, *params: Any) -> dict[str, Any]:
        return self.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}))

    def send(self, text: str) -> dict[str, Any]:
        """Send a message and wait for its answer."""
        self.connection.send(text)
        while True:
            message = self._receive()
            if "params" not in message:
                return message

    def subscribe(self, method: str, *params: Any) -> int:
        return self.ask(method, *params)["result"]

    def next(self, number: int) -> Any:
        while not self.kept.get(number):
            self._receive()
        return self.kept[number].pop(0)

    def _receive(self) -> dict[str, Any]:
        message = json.loads(self.connection.recv(timeout=30))
        if "params" in message:
            self.kept.setdefault(message["params"]["subscription"], []).append(message["params"]["result"])
        return message


@pytest.fixture
def socket(node: Node) -> Iterator[Socket]:
    with connect(node.pubsub, open_timeout=30) as connection:
        yield Socket(connection)


def provider(node: Node) -> Keypair:
    owner = node.funded()
    key = owner.pubkey()
    node.send(
        [PROGRAM.add_server(key, bytes(32), "/ip4/203.0.113.7/tcp/3819"), PROGRAM.set_listing(key, MODEL, 400_000)],
        [owner],
    )
    return owner


def test_the_market_stands_at_the_address_of_the_local_cluster(node: Node) -> None:
    assert node.program == str(PROGRAM.id) == "EqXWeMtdejpriCwCeyE48BvoPu1tNXfKaPiRq9ft871V"
    account = node.call("getAccountInfo", node.program, {"encoding": "base64"})["value"]
    assert account["executable"]
    assert account["owner"] == "BPFLoaderUpgradeab1e11111111111111111111111"
    market = node.call("getAccountInfo", str(PROGRAM.market), {"encoding": "base64"})["value"]
    data = base64.b64decode(market["data"][0])
    assert data[8:40] == bytes(seeded("chainference localnet authority").pubkey())
    assert data[72:104] == bytes(seeded("chainference localnet treasury").pubkey())


def test_a_request_is_opened_watched_found_and_cancelled(node: Node, socket: Socket) -> None:
    client, signer = node.funded(), Keypair()
    address, _ = PROGRAM.request(client.pubkey(), signer.pubkey())
    program = socket.subscribe("programSubscribe",
        str(PROGRAM.id),
        {
            "encoding": "base64",
            "filters": [{"memcmp": {"offset": 72, "bytes": base58.encode(model_hash())}}],
        },
    )
    account = socket.subscribe("accountSubscribe", str(address), {"encoding": "base64"})
    logs = socket.subscribe("logsSubscribe", {"mentions": [str(PROGRAM.id)]})
    signature = node.send([PROGRAM.request_inference(client.pubkey(), signer.pubkey(), RequestTerms())], [client])

    seen = socket.next(program)
    assert seen["value"]["pubkey"] == str(address)
    request = Request.decode(base64.b64decode(seen["value"]["account"]["data"][0]))
    assert request.requester == client.pubkey()
    confirmed = socket.subscribe("signatureSubscribe", signature, {"commitment": "finalized"})
    assert socket.next(confirmed)["value"] == {"err": None}

    filters = [
        {"memcmp": {"offset": 0, "bytes": base58.encode(discriminator("account", "InferenceRequest"))}},
        {"memcmp": {"offset": 40, "bytes": base64.b64encode(bytes(32)).decode(), "encoding": "base64"}},
        {"memcmp": {"offset": 8, "bytes": str(client.pubkey())}},
    ]
    config = {"encoding": "base64", "filters": filters, "dataSlice": {"offset": 168, "length": 8}, "withContext": True}
    found = node.call("getProgramAccounts", str(PROGRAM.id), config)["value"]
    assert [each["pubkey"] for each in found] == [str(address)]
    assert base64.b64decode(found[0]["account"]["data"][0]) == (1_000_000).to_bytes(8, "little")

    (status,) = node.call("getSignatureStatuses", [signature])["value"]
    assert (status["confirmationStatus"], status["err"], status["confirmations"]) == ("finalized", None, None)
    landed = node.call("getTransaction", signature, {"encoding": "base64"})
    assert landed["meta"]["fee"] == 5_000
    assert sum(landed["meta"]["preBalances"]) - sum(landed["meta"]["postBalances"]) == 5_000
    assert landed["slot"] == status["slot"]
    assert any(line.startswith("Program data: ") for line in landed["meta"]["logMessages"])
    assert node.call("getSignaturesForAddress", str(address))[0]["signature"] == signature

    cancelled = node.send([PROGRAM.cancel_request(address, client.pubkey())], [client])
    assert node.call("getAccountInfo", str(address))["value"] is None
    # Those who watch the account or its program's log hear of its end; a validator tells the program's watchers nothing.
    assert socket.next(account)["value"]["lamports"] > 1_000_000
    assert socket.next(account)["value"]["lamports"] == 0
    assert socket.next(logs)["value"]["signature"] == signature
    assert socket.next(logs)["value"]["signature"] == cancelled
    assert not socket.kept.get(program)
    assert socket.ask("programUnsubscribe", program)["result"] is True
    assert socket.ask("programUnsubscribe", program)["error"]["code"] == -32602


def test_a_refusal_of_the_program_has_agaves_shape(node: Node) -> None:
    client, owner = node.funded(), provider(node)
    signer = Keypair()
    address, _ = PROGRAM.request(client.pubkey(), signer.pubkey())
    node.send([PROGRAM.request_inference(client.pubkey(), signer.pubkey(), RequestTerms())], [client])
    wrong = [PROGRAM.lock_request(address, owner.pubkey(), created_slot=1, stake=1_000_000)]
    encoded = node.signed(wrong, [owner])
    error = node.refuse("sendTransaction", encoded, {"encoding": "base64", "preflightCommitment": "confirmed"})
    assert error["code"] == -32002
    assert error["message"] == (
        "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x17a4"
    )
    assert error["data"]["err"] == {"InstructionError": [0, {"Custom": 6052}]}
    assert error["data"]["logs"][0] == f"Program {PROGRAM.id} invoke [1]"
    assert error["data"]["logs"][-1] == f"Program {PROGRAM.id} failed: custom program error: 0x17a4"
    assert error["data"]["unitsConsumed"] > 0
    simulated = node.call("simulateTransaction", encoded, {"encoding": "base64"})["value"]
    assert simulated["err"] == {"InstructionError": [0, {"Custom": 6052}]}

    # Without preflight it lands, fails, and costs its fee.
    balance = node.call("getBalance", str(owner.pubkey()))["value"]
    signature = node.call("sendTransaction", encoded, {"encoding": "base64", "skipPreflight": True})
    (status,) = node.call("getSignatureStatuses", [signature])["value"]
    assert status["err"] == {"InstructionError": [0, {"Custom": 6052}]}
    assert status["status"] == {"Err": status["err"]}
    assert node.call("getBalance", str(owner.pubkey()))["value"] == balance - 5_000


def test_transactions_that_never_land(node: Node) -> None:
    client = node.funded()
    stranger = Keypair()
    heartbeat = [PROGRAM.heartbeat(client.pubkey())]

    old = node.signed(heartbeat, [client], blockhash=str(Hash.new_unique()))
    error = node.refuse("sendTransaction", old, {"encoding": "base64"})
    assert (error["code"], error["data"]["err"]) == (-32002, "BlockhashNotFound")
    assert error["message"] == "Transaction simulation failed: Blockhash not found"

    raw = bytearray(base64.b64decode(node.signed(heartbeat, [client])))
    raw[5] ^= 1
    forged = base64.b64encode(bytes(raw)).decode()
    assert node.refuse("sendTransaction", forged, {"encoding": "base64"})["code"] == -32003

    poor = node.signed([PROGRAM.heartbeat(stranger.pubkey())], [stranger])
    error = node.refuse("sendTransaction", poor, {"encoding": "base64"})
    assert error["data"]["err"] == "AccountNotFound"

    large = base64.b64encode(bytes(1_233)).decode()
    assert node.refuse("sendTransaction", large, {"encoding": "base64"})["code"] == -32602
    for text in ("", "!!!", base64.b64encode(b"\1").decode()):
        assert node.refuse("sendTransaction", text, {"encoding": "base64"})["code"] == -32602


def test_sending_twice_lands_once(node: Node) -> None:
    owner = provider(node)
    encoded = node.signed([PROGRAM.heartbeat(owner.pubkey())], [owner])
    config = {"encoding": "base64", "skipPreflight": True}
    first = node.call("sendTransaction", encoded, config)
    balance = node.call("getBalance", str(owner.pubkey()))["value"]
    assert node.call("sendTransaction", encoded, config) == first
    assert node.call("getBalance", str(owner.pubkey()))["value"] == balance
    error = node.refuse("sendTransaction", encoded, {"encoding": "base64"})
    assert (error["code"], error["data"]["err"]) == (-32002, "AlreadyProcessed")


def test_blockhashes_age_and_time_moves(node: Node, socket: Socket) -> None:
    latest = node.call("getLatestBlockhash", {"commitment": "confirmed"})["value"]
    slots = socket.subscribe("slotSubscribe")
    height = node.call("getBlockHeight")
    while socket.next(slots)["slot"] and node.call("getBlockHeight") <= latest["lastValidBlockHeight"]:
        pass
    assert node.call("getBlockHeight") > height
    assert node.call("isBlockhashValid", latest["blockhash"])["value"] is False
    assert node.call("isBlockhashValid", node.call("getLatestBlockhash")["value"]["blockhash"])["value"] is True


def test_fees_and_simulation(node: Node) -> None:
    owner = provider(node)
    encoded = node.signed([PROGRAM.heartbeat(owner.pubkey())], [owner])
    message = base64.b64encode(base64.b64decode(encoded)[65:]).decode()
    assert node.call("getFeeForMessage", message)["value"] == 5_000
    stale = node.signed([PROGRAM.heartbeat(owner.pubkey())], [owner], blockhash=str(Hash.default()))
    config = {"encoding": "base64", "replaceRecentBlockhash": True, "sigVerify": False}
    value = node.call("simulateTransaction", stale, config)["value"]
    assert value["err"] is None
    assert 400 < value["unitsConsumed"] < 800
    assert node.call("isBlockhashValid", value["replacementBlockhash"]["blockhash"])["value"] is True


def test_bad_requests(node: Node, socket: Socket) -> None:
    assert node.post(b"{not json")["error"]["code"] == -32700
    assert node.post(b"17")["error"]["code"] == -32600
    assert node.refuse("noSuchMethod")["code"] == -32601
    assert node.refuse("__init__")["code"] == -32601
    for params in ([], ["1111"], ["11111111111111111111111111111111", {}, {}, {}], [5], [None]):
        assert node.refuse("getBalance", *params)["code"] == -32602
    assert node.refuse("getSlot", {"minContextSlot": 2**60})["code"] == -32016
    batch = [{"jsonrpc": "2.0", "id": n, "method": "getHealth"} for n in range(3)]
    assert [each["result"] for each in node.post(batch)] == ["ok"] * 3
    for text in ("{", "[]", '{"method":"nopeSubscribe","id":1}', '{"method":"accountSubscribe","id":1,"params":["x"]}'):
        assert "error" in socket.send(text)
    assert socket.send('{"jsonrpc":"2.0","method":"ping","id":3}')["id"] == 3
    assert node.call("getBalance", str(Pubkey.new_unique()))["value"] == 0
