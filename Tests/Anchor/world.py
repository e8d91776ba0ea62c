"""A market as a stranger with anchorpy sees it: nothing but an IDL, and a cluster's RPC.

The IDL is in the legacy form, which PyPI `anchorpy` reads; with `ANCHOR_IDL=specification` it is in the form of the 0.1.0
specification, which PyPI `anchorpy3` reads, a fork of anchorpy by other people. Everything else is the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from anchorpy import Context, EventParser, Idl, Program, Provider, Wallet
from anchorpy.error import ProgramError
from anchorpy.program.common import Event
from cluster import ROOT, Endpoints
from pyheck import snake
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Processed
from solana.rpc.core import RPCException
from solana.rpc.types import TxOpts
from solana.rpc.websocket_api import connect
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.sysvar import CLOCK, INSTRUCTIONS
from solders.transaction import VersionedTransaction
from voucher import verification

IDLS = ROOT / "Documentation" / "idl"
FORMS = {"legacy": IDLS / "chainference_market.legacy.json", "specification": IDLS / "chainference_market.json"}
IDL_FILE: Path = FORMS[os.environ.get("ANCHOR_IDL", "legacy")]
UPGRADEABLE_LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
MODEL = "meta-llama/Llama-3.1-8B-Instruct"
SOL = 1_000_000_000
# The longest that anything may take, in seconds.
PATIENCE = 60

Result = TypeVar("Result")


def load_idl() -> Idl:
    return Idl.from_json(IDL_FILE.read_text())


def model_hash(model: str = MODEL) -> list[int]:
    return list(hashlib.sha256(model.encode()).digest())


@dataclass(frozen=True)
class Job:
    """A request and the keys that belong to it."""

    address: Pubkey
    bump: int
    client: Keypair
    voucher_signer: Keypair


class World:
    """Everything is synchronous here; anchorpy's coroutines run on a loop of this object's own."""

    def __init__(self, endpoints: Endpoints, runner: asyncio.Runner) -> None:
        self.endpoints = endpoints
        self.runner = runner
        idl = load_idl()
        self.program_id = Pubkey.from_string(program_address())
        # The local cluster's keys are public by design.
        self.authority = Keypair.from_seed(hashlib.sha256(b"chainference localnet authority").digest())
        self.payer = Keypair()
        self.client = AsyncClient(endpoints.rpc, Processed, timeout=PATIENCE)
        options = TxOpts(skip_confirmation=True, preflight_commitment=Processed)
        self.program = Program(idl, self.program_id, Provider(self.client, Wallet(self.payer), options))
        self.parser = EventParser(self.program_id, self.program.coder)
        # The codes that the program has been made to answer with, and that anchorpy has named.
        self.provoked: set[int] = set()
        self.market = self.derive(b"market")
        self.treasury = Keypair().pubkey()
        for address in (self.payer.pubkey(), self.authority.pubkey(), self.treasury):
            self.fund(address, 10 * SOL)

    def run(self, work: Awaitable[Result]) -> Result:
        async def limited() -> Result:
            return await asyncio.wait_for(work, PATIENCE)

        return self.runner.run(limited())

    # Addresses

    def derive(self, *seeds: bytes) -> Pubkey:
        return Pubkey.find_program_address(list(seeds), self.program_id)[0]

    def server(self, owner: Keypair) -> Pubkey:
        return self.derive(b"server", bytes(owner.pubkey()))

    @property
    def program_data(self) -> Pubkey:
        return Pubkey.find_program_address([bytes(self.program_id)], UPGRADEABLE_LOADER)[0]

    # Time

    def wait_until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Asks again with every slot that the cluster announces."""

        async def wait() -> None:
            if await holds():
                return
            async with connect(self.endpoints.pubsub) as socket:
                await socket.slot_subscribe()
                while not await holds():
                    await socket.recv()

        self.run(wait())

    def clock(self) -> tuple[int, int]:
        """Slot and Unix time."""
        return self.run(self._clock())

    async def _clock(self) -> tuple[int, int]:
        data = (await self.client.get_account_info(CLOCK)).value.data
        return struct.unpack_from("<Q", data, 0)[0], struct.unpack_from("<q", data, 32)[0]

    def next_slot(self) -> None:
        slot, _ = self.clock()

        async def passed() -> bool:
            return (await self._clock())[0] > slot

        self.wait_until(passed)

    def wait_for_time(self, time: int) -> None:
        async def passed() -> bool:
            return (await self._clock())[1] >= time

        self.wait_until(passed)

    # Lamports

    def fund(self, address: Pubkey, lamports: int = SOL) -> None:
        target = self.balance(address) + lamports
        self.run(self.client.request_airdrop(address, lamports))

        async def arrived() -> bool:
            return (await self.client.get_balance(address)).value >= target

        self.wait_until(arrived)

    def keypair(self) -> Keypair:
        key = Keypair()
        self.fund(key.pubkey())
        return key

    def balance(self, address: Pubkey) -> int:
        return self.run(self.client.get_balance(address)).value

    # Accounts, decoded by anchorpy

    def fetch(self, name: str, address: Pubkey) -> Any:
        return self.run(self.program.account[name].fetch(address))

    def exists(self, address: Pubkey) -> bool:
        return self.run(self.client.get_account_info(address)).value is not None

    # Instructions, built, signed and sent by anchorpy

    def send(
        self,
        name: str,
        *args: Any,
        accounts: dict[str, Pubkey],
        signers: list[Keypair],
        before: list[Instruction] | None = None,
    ) -> list[Event]:
        """Sends one instruction and returns the events of its transaction, parsed by anchorpy."""
        context = Context(accounts=accounts, signers=signers, pre_instructions=before or [])
        return self.events(self.run(self.program.rpc[name](*args, ctx=context)))

    def refusal(self, name: str, *args: Any, **options: Any) -> ProgramError:
        """The error that anchorpy raises for an instruction that the program refuses."""
        try:
            self.send(name, *args, **options)
        except ProgramError as error:
            self.provoked.add(error.code)
            return error
        raise AssertionError(f"{name} was not refused")

    def instruction(self, name: str, *args: Any, accounts: dict[str, Pubkey]) -> Instruction:
        """An instruction as anchorpy builds it, unsent."""
        return self.program.instruction[name](*args, ctx=Context(accounts=accounts))

    def spoilt(self, instruction: Instruction, signers: list[Keypair]) -> ProgramError:
        """The error that anchorpy reads from the answer to an instruction that it would not have built so."""

        async def send() -> ProgramError:
            blockhash = (await self.client.get_latest_blockhash(Confirmed)).value.blockhash
            message = Message.new_with_blockhash([instruction], self.payer.pubkey(), blockhash)
            transaction = VersionedTransaction(message, [self.payer, *signers])
            try:
                await self.program.provider.send(transaction)
            except RPCException as refusal:
                error = ProgramError.parse(refusal.args[0], self.errors, self.program_id)
                assert error is not None, refusal
                return error
            raise AssertionError("not refused")

        error = self.run(send())
        self.provoked.add(error.code)
        return error

    @property
    def errors(self) -> dict[int, str]:
        """The IDL's errors as anchorpy has read them."""
        return {error.code: error.msg for error in self.program.idl.errors}

    def events(self, signature: Signature) -> list[Event]:
        found: list[Event] = []

        async def confirmed() -> bool:
            response = await self.client.get_transaction(signature, commitment=Confirmed)
            if response.value is None:
                return False
            meta = response.value.transaction.meta
            assert meta.err is None, meta.err
            self.parser.parse_logs(meta.log_messages, found.append)
            return True

        self.wait_until(confirmed)
        return found

    # The way of a request

    def initialize_market(self) -> list[Event]:
        return self.send(
            "initialize_market",
            self.authority.pubkey(),
            1_000,
            250,
            accounts={
                "market": self.market,
                "authority": self.authority.pubkey(),
                "treasury": self.treasury,
                "program": self.program_id,
                "program_data": self.program_data,
                "system_program": SYSTEM_PROGRAM,
            },
            signers=[self.authority],
        )

    def update_market(
        self, fee: int = 250, minimum: int = 1_000, pending: Pubkey = SYSTEM_PROGRAM, authority: Keypair | None = None
    ) -> list[Event]:
        authority = authority or self.authority
        return self.send(
            "update_market",
            pending,
            minimum,
            fee,
            accounts={"market": self.market, "authority": authority.pubkey(), "treasury": self.treasury},
            signers=[authority],
        )

    def owning(self, owner: Keypair, **more: Pubkey) -> dict[str, Pubkey]:
        return {"server": self.server(owner), "owner": owner.pubkey(), **more}

    def add_server(self, owner: Keypair, peer_address: str = "/ip4/203.0.113.7/tcp/3819") -> list[Event]:
        accounts = self.owning(owner, system_program=SYSTEM_PROGRAM)
        return self.send("add_server", list(range(32)), peer_address, accounts=accounts, signers=[owner])

    def set_listing(
        self, owner: Keypair, output: int = 400_000, input: int = 100_000, minimum: int = 1_000, model: str = MODEL
    ) -> list[Event]:
        accounts = self.owning(owner, system_program=SYSTEM_PROGRAM)
        return self.send("set_listing", output, input, minimum, model, accounts=accounts, signers=[owner])

    def provider(self) -> Keypair:
        """A registered server with one listing, made a slot ago."""
        owner = self.keypair()
        self.add_server(owner)
        self.set_listing(owner)
        self.next_slot()
        return owner

    def job(self, client: Keypair | None = None) -> Job:
        client = client or self.keypair()
        signer = Keypair()
        seeds = [b"request", bytes(client.pubkey()), bytes(signer.pubkey())]
        address, bump = Pubkey.find_program_address(seeds, self.program_id)
        return Job(address, bump, client, signer)

    def terms(self, job: Job, direct: Keypair | None = None, **terms: Any) -> list[Any]:
        """The arguments of a request."""
        terms = {
            "stake": 100_000,
            "maximum_output_price": 400_000,
            "maximum_input_price": 100_000,
            "maximum_minimum_charge": 1_000,
            "credit": 5_000,
            "lifetime": 600,
            "minimum_completed": 0,
            "maximum_fee_basis_points": 1_000,
            "minimum_success": 0,
            "minimum_preference": 0,
            "bump": job.bump,
            "listing_index": 0,
            "model_id": MODEL,
            **terms,
        }
        mode = self.program.type["RequestMode"]
        named = {
            "voucher_signer": job.voucher_signer.pubkey(),
            "client_key": list(range(32, 64)),
            "mode": mode.Direct() if direct else mode.Open(),
            **terms,
        }
        return self.ordered("request_inference", named)

    def open(self, job: Job, direct: Keypair | None = None, **terms: Any) -> list[Event]:
        """Publishes a request; accounts that an open one has no use for hold the program's address, as in Anchor."""
        return self.send(
            "request_inference",
            *self.terms(job, direct, **terms),
            accounts={
                "request": job.address,
                "requester": job.client.pubkey(),
                "system_program": SYSTEM_PROGRAM,
                "server": self.server(direct) if direct else self.program_id,
                "market": self.market if direct else self.program_id,
            },
            signers=[job.client],
        )

    def ordered(self, instruction: str, named: dict[str, Any]) -> list[Any]:
        """anchorpy takes arguments by position; the positions are the IDL's."""
        layout = self.program.coder.instruction.ix_layout[snake(instruction)]
        names = [field.name for field in layout.subcon.subcons]
        assert sorted(names) == sorted(named)
        return [named[name] for name in names]

    def lock(self, job: Job, owner: Keypair, peer_address: str = "") -> list[Event]:
        request = self.fetch("InferenceRequest", job.address)
        return self.send(
            "lock_request",
            request.created_slot,
            request.stake,
            0,
            peer_address,
            accounts=self.owning(owner, request=job.address, market=self.market),
            signers=[owner],
        )

    def claim(self, job: Job, owner: Keypair, amount: int, vouched: int | None = None) -> list[Event]:
        before: list[Instruction] = []
        if vouched is not None:
            locked_at = self.fetch("InferenceRequest", job.address).locked_at
            before.append(verification(job.voucher_signer, job.address, vouched, locked_at))
        accounts = self.owning(
            owner,
            request=job.address,
            requester=job.client.pubkey(),
            instructions=self.program_id if vouched is None else INSTRUCTIONS,
        )
        return self.send("claim_payment", amount, accounts=accounts, signers=[owner], before=before)

    def release(self, job: Job, owner: Keypair) -> list[Event]:
        accounts = self.owning(owner, request=job.address, requester=job.client.pubkey())
        return self.send("release_request", accounts=accounts, signers=[owner])

    def by_client(self, name: str, job: Job, **more: Pubkey) -> list[Event]:
        accounts = {"request": job.address, "requester": job.client.pubkey(), **more}
        return self.send(name, accounts=accounts, signers=[job.client])

    def close_request(self, job: Job) -> list[Event]:
        """No IDL can say "signs until tomorrow": as the fee payer the client signs for every place in which it stands."""

        async def send() -> Signature:
            blockhash = (await self.client.get_latest_blockhash(Confirmed)).value.blockhash
            accounts = {"request": job.address, "requester": job.client.pubkey()}
            transaction = self.program.transaction["close_request"](
                payer=job.client, blockhash=blockhash, ctx=Context(accounts=accounts)
            )
            return await self.program.provider.send(transaction)

        return self.events(self.run(send()))


def program_address() -> str:
    return json.loads(FORMS["specification"].read_text())["address"]
