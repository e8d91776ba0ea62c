"""A market in the VM: the program deployed, a treasury, and short ways to bring a request into each state."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from market.accounts import Market, Request, Server
from market.instructions import MarketProgram, RequestTerms
from market.voucher import message, verification
from vm import VM, Outcome
from vm.loader import deploy

MODEL = "meta-llama/Llama-3.1-8B-Instruct"
ROOT = Path(__file__).resolve().parents[2]


def model_hash(model_id: str = MODEL) -> bytes:
    return hashlib.sha256(model_id.encode()).digest()


def seeded(phrase: str) -> Keypair:
    """The keys of the local cluster are public by design: the seed is the digest of a phrase."""
    return Keypair.from_seed(hashlib.sha256(phrase.encode()).digest())


@cache
def program_path() -> Path:
    """The program under test: `MARKET_PROGRAM`, or what `Scripts/build-program` builds."""
    if path := os.environ.get("MARKET_PROGRAM"):
        return Path(path)
    subprocess.run([ROOT / "Scripts" / "build-program"], check=True)
    return ROOT / ".build" / "market.so"


@cache
def program_bytes() -> bytes:
    return program_path().read_bytes()


@dataclass(frozen=True)
class Job:
    """A request and the keys that belong to it."""

    address: Pubkey
    client: Keypair
    voucher_signer: Keypair
    terms: RequestTerms


class World:
    def __init__(
        self, fee: int = 0, minimum: int = 0, initialize: bool = True, elf: bytes | None = None
    ) -> None:
        self.vm = VM()
        self.authority = seeded("chainference localnet authority")
        self.vm.fund(self.authority.pubkey(), 100_000_000_000)
        program = seeded("chainference localnet program")
        deploy(self.vm, elf or program_bytes(), program, self.authority)
        self.program = MarketProgram(program.pubkey())
        self.vm.compared_program = self.program.id
        self.treasury = self.vm.keypair(1_000_000).pubkey()
        self.market_authority = self.vm.keypair()
        if initialize:
            self.vm.must(
                [
                    self.program.initialize_market(
                        self.authority.pubkey(), self.market_authority.pubkey(), self.treasury, minimum, fee
                    )
                ],
                [self.authority],
            )
        self.vm.advance(seconds=1)

    # Accounts

    @property
    def market(self) -> Market:
        return Market.decode(self.vm.data(self.program.market))

    def server(self, owner: Keypair) -> Server:
        return Server.decode(self.vm.data(self.program.server(owner.pubkey())))

    def request(self, job: Job) -> Request:
        return Request.decode(self.vm.data(job.address))

    # The way of a request

    def provider(
        self, output_price: int = 400_000, input_price: int = 100_000, minimum_charge: int = 1_000, model: str = MODEL
    ) -> Keypair:
        """A registered server with one listing, made a slot ago."""
        owner = self.vm.keypair()
        key = owner.pubkey()
        self.vm.must(
            [
                self.program.add_server(key, bytes(range(32)), "/ip4/203.0.113.7/tcp/3819"),
                self.program.set_listing(key, model, output_price, input_price, minimum_charge),
            ],
            [owner],
        )
        self.vm.advance(seconds=1)
        return owner

    def job(self, client: Keypair | None = None, **terms: object) -> Job:
        """A request that is not on the chain yet."""
        client = client or self.vm.keypair()
        signer = self.vm.keypair(0)
        address, _ = self.program.request(client.pubkey(), signer.pubkey())
        return Job(address, client, signer, replace(RequestTerms(), **terms))

    def open_instruction(self, job: Job, direct: Keypair | None = None, **options: object) -> Instruction:
        return self.program.request_inference(
            job.client.pubkey(),
            job.voucher_signer.pubkey(),
            job.terms,
            bytes(range(32, 64)),
            direct=None if direct is None else direct.pubkey(),
            **options,
        )

    def open(self, client: Keypair | None = None, direct: Keypair | None = None, **terms: object) -> Job:
        job = self.job(client, **terms)
        self.vm.must([self.open_instruction(job, direct)], [job.client])
        self.vm.advance(seconds=1)
        return job

    def lock_instruction(self, job: Job, owner: Keypair, **options: object) -> Instruction:
        request = self.request(job)
        arguments = {"created_slot": request.created_slot, "stake": request.stake, **options}
        return self.program.lock_request(job.address, owner.pubkey(), **arguments)

    def lock(self, job: Job, owner: Keypair, **options: object) -> Outcome:
        outcome = self.vm.must([self.lock_instruction(job, owner, **options)], [owner])
        self.vm.advance(seconds=1)
        return outcome

    def locked(self, owner: Keypair, client: Keypair | None = None, **terms: object) -> Job:
        job = self.open(client, **terms)
        self.lock(job, owner)
        return job

    def voucher(self, job: Job, cumulative: int) -> Instruction:
        """The client's voucher for the current lock, as an Ed25519 instruction."""
        return verification(
            job.voucher_signer, message(job.address, cumulative, self.request(job).locked_at)
        )

    def claim_instructions(
        self, job: Job, owner: Keypair, amount: int, vouched: int | None = None
    ) -> list[Instruction]:
        claim = self.program.claim_payment(
            job.address, owner.pubkey(), job.client.pubkey(), amount, vouched=vouched is not None
        )
        return [claim] if vouched is None else [self.voucher(job, vouched), claim]

    def claim(self, job: Job, owner: Keypair, amount: int, vouched: int | None = None) -> Outcome:
        outcome = self.vm.must(self.claim_instructions(job, owner, amount, vouched), [owner])
        self.vm.advance(seconds=1)
        return outcome

    def claimed(self, owner: Keypair, amount: int = 20_000, client: Keypair | None = None, **terms: object) -> Job:
        """A request that was answered and paid with a voucher."""
        job = self.locked(owner, client, **terms)
        self.claim(job, owner, amount, vouched=amount)
        return job
