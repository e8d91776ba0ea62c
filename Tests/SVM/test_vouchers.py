"""S12 and S16: what a claim accepts as the client's word.

Each guard of the introspection has a mutation that only that guard refuses.
"""

from __future__ import annotations

import struct

import pytest
from market.errors import Error
from market.instructions import INSTRUCTIONS_SYSVAR, SYSTEM_PROGRAM, r
from market.voucher import ED25519_PROGRAM, header, message, verification
from solders.compute_budget import set_compute_unit_limit
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from world import Job, World

AMOUNT = 40_000


@pytest.fixture
def scene(world: World) -> tuple[World, Keypair, Job]:
    owner = world.provider()
    return world, owner, world.locked(owner)


def claim(world: World, owner: Keypair, job: Job, amount: int = AMOUNT) -> Instruction:
    return world.program.claim_payment(job.address, owner.pubkey(), job.client.pubkey(), amount, vouched=True)


def signed(world: World, job: Job) -> bytes:
    return message(job.address, AMOUNT, world.request(job).locked_at)


def refuse(scene, error: int | str, proof: Instruction, *, amount: int = AMOUNT) -> None:
    world, owner, job = scene
    world.vm.refuse(error, [proof, claim(world, owner, job, amount)], [owner])


def test_the_unspoilt_voucher_pays(scene) -> None:
    world, owner, job = scene
    world.vm.must([world.voucher(job, AMOUNT), claim(world, owner, job)], [owner])
    assert world.request(job).charge == AMOUNT


def test_other_instructions_may_stand_around_it(scene) -> None:
    world, owner, job = scene
    around = [set_compute_unit_limit(5_000), world.program.heartbeat(owner.pubkey())]
    world.vm.must([*around, world.voucher(job, AMOUNT), claim(world, owner, job), around[1]], [owner])


# The precompile itself accepts each of these; only the program can refuse them.


@pytest.mark.parametrize("padding", [1, 255])
def test_padding(scene, padding: int) -> None:
    world, _, job = scene
    refuse(scene, Error.VoucherMalformed, verification(job.voucher_signer, signed(world, job), header(padding=padding)))


def test_no_signature(scene) -> None:
    world, _, job = scene
    # A header that promises none verifies nothing at all, for a voucher that nobody signed.
    bare = Instruction(ED25519_PROGRAM, b"\0\0", [])
    refuse(scene, Error.VoucherMalformed, bare)


def test_two_signatures(scene) -> None:
    world, _, job = scene
    signer, text = job.voucher_signer, signed(world, job)
    offsets = [struct.pack("<HHHHHHH", 48 + 14, 0xFFFF, 16 + 14, 0xFFFF, 112 + 14, 50, 0xFFFF)] * 2
    data = b"\2\0" + b"".join(offsets) + bytes(signer.pubkey()) + bytes(signer.sign_message(text)) + text
    refuse(scene, Error.VoucherMalformed, Instruction(ED25519_PROGRAM, data, []))


@pytest.mark.parametrize("part", ["signature_index", "key_index", "message_index"])
def test_each_index_that_points_into_another_instruction(scene, part: str) -> None:
    """The relay bug: what is verified stands elsewhere, what is read is a forgery."""
    world, owner, job = scene
    thief = Keypair()
    genuine = verification(thief, signed(world, job))
    forged = bytearray(bytes(verification(job.voucher_signer, signed(world, job)).data))
    if part != "key_index":
        forged[48:112] = bytes(thief.sign_message(signed(world, job)))
    first = header(**{part: 0})
    proof = Instruction(ED25519_PROGRAM, first + bytes(forged[16:]), [])
    outcome = world.vm.send([genuine, proof, claim(world, owner, job)], [owner])
    # Either the precompile notices that the parts do not fit, or the program that one is elsewhere.
    assert outcome.error in (Error.VoucherMalformed, 2)
    pointing = {"signature_index": 1, "key_index": 1, "message_index": 1}
    itself = verification(job.voucher_signer, signed(world, job), header(**{part: pointing[part]}))
    world.vm.refuse(Error.VoucherMalformed, [genuine, itself, claim(world, owner, job)], [owner])


def test_everything_verified_elsewhere(scene) -> None:
    """Key, signature and message of a thief's own instruction, before a forgery in the expected places."""
    world, owner, job = scene
    thief = Keypair()
    genuine = verification(thief, signed(world, job))
    body = bytes(job.voucher_signer.pubkey()) + bytes(64) + signed(world, job)
    proof = Instruction(ED25519_PROGRAM, header(signature_index=0, key_index=0, message_index=0) + body, [])
    world.vm.refuse(Error.VoucherMalformed, [genuine, proof, claim(world, owner, job)], [owner])


@pytest.mark.parametrize("part", ["signature_offset", "key_offset", "message_offset"])
def test_each_offset_that_points_behind_a_forgery(scene, part: str) -> None:
    """What is verified stands at the end of the same instruction."""
    world, _, job = scene
    thief = Keypair()
    text = signed(world, job)
    canonical = bytes(job.voucher_signer.pubkey()) + bytes(64) + text
    extra = bytes(thief.pubkey()) + bytes(thief.sign_message(text)) + text
    places = {"key_offset": 16 + 146, "signature_offset": 16 + 146 + 32, "message_offset": 16 + 146 + 96}
    refuse(scene, Error.VoucherMalformed, Instruction(ED25519_PROGRAM, header(**places) + canonical + extra, []))
    if part != "message_offset":
        return
    # The genuine voucher, with the message read from behind.
    one = verification(job.voucher_signer, text, header(message_offset=162), trailing=text)
    refuse(scene, Error.VoucherMalformed, one)


@pytest.mark.parametrize("length", [0, 1, 49, 51, 162])
def test_messages_of_another_length(scene, length: int) -> None:
    world, _, job = scene
    text = (signed(world, job) + bytes(200))[:length]
    refuse(scene, Error.VoucherMalformed, verification(job.voucher_signer, text))


def test_trailing_bytes(scene) -> None:
    world, _, job = scene
    refuse(scene, Error.VoucherMalformed, verification(job.voucher_signer, signed(world, job), trailing=b"\0"))


def test_accounts_of_the_proof(scene) -> None:
    world, owner, job = scene
    proof = world.voucher(job, AMOUNT)
    with_account = Instruction(proof.program_id, bytes(proof.data), [r(SYSTEM_PROGRAM)])
    world.vm.refuse(Error.VoucherMissing, [with_account, claim(world, owner, job)], [owner])


@pytest.mark.parametrize("first", [b"\x55\x01", b"\x56\x00", b"\x56\x02", b"\x00\x00"])
def test_another_magic(scene, first: bytes) -> None:
    world, _, job = scene
    refuse(scene, Error.VoucherMalformed, verification(job.voucher_signer, first + signed(world, job)[2:]))


def test_another_key(scene) -> None:
    world, owner, job = scene
    for signer in (Keypair(), job.client, owner):
        refuse(scene, Error.VoucherWrongSigner, verification(signer, signed(world, job)))


def test_another_request(scene) -> None:
    world, owner, job = scene
    other = world.locked(owner)
    text = message(other.address, AMOUNT, world.request(job).locked_at)
    refuse(scene, Error.VoucherWrongRequest, verification(job.voucher_signer, text))
    for byte in range(32):
        wrong = bytearray(bytes(job.address))
        wrong[byte] ^= 1
        text = message(Pubkey.from_bytes(bytes(wrong)), AMOUNT, world.request(job).locked_at)
        refuse(scene, Error.VoucherWrongRequest, verification(job.voucher_signer, text))


@pytest.mark.parametrize("shift", [-1, 1, -3_600, 2**40, -(2**40)])
def test_another_expiry(scene, shift: int) -> None:
    world, _, job = scene
    text = message(job.address, AMOUNT, world.request(job).locked_at + shift)
    refuse(scene, Error.VoucherWrongLock, verification(job.voucher_signer, text))


@pytest.mark.parametrize("expiry", [0, -1, 2**63 - 1, -(2**63)])
def test_expiries_at_the_edges(scene, expiry: int) -> None:
    world, _, job = scene
    text = b"\x56\x01" + bytes(job.address) + struct.pack("<Qq", AMOUNT, expiry)
    refuse(scene, Error.VoucherWrongLock, verification(job.voucher_signer, text))


def test_lower_vouchers_pay_less(scene) -> None:
    world, _, job = scene
    refuse(scene, Error.AmountNotVouched, world.voucher(job, AMOUNT - 1))
    refuse(scene, Error.AmountNotVouched, world.voucher(job, 0))
    refuse(scene, Error.AmountAboveStake, world.voucher(job, 2**64 - 1), amount=job.terms.stake + 1)


def test_a_voucher_above_the_stake_pays_the_stake(scene) -> None:
    world, owner, job = scene
    world.claim(job, owner, job.terms.stake, vouched=2**64 - 1)
    assert world.request(job).charge == job.terms.stake
    assert world.server(owner).earned == job.terms.stake


def test_the_proof_must_stand_right_before(scene) -> None:
    world, owner, job = scene
    proof, payment = world.voucher(job, AMOUNT), claim(world, owner, job)
    beat = world.program.heartbeat(owner.pubkey())
    world.vm.refuse(Error.VoucherMissing, [payment], [owner])
    world.vm.refuse(Error.VoucherMissing, [payment, proof], [owner])
    world.vm.refuse(Error.VoucherMissing, [proof, beat, payment], [owner])


def test_another_program_with_the_same_data(scene) -> None:
    world, owner, job = scene
    proof = world.voucher(job, AMOUNT)
    memo = Instruction(SYSTEM_PROGRAM, bytes(proof.data), [])
    outcome = world.vm.send([memo, claim(world, owner, job)], [owner])
    assert outcome.error is not None
    assert outcome.failed_instruction == 0
    # Another precompile, whose data is well-formed for it: no signatures.
    secp = Instruction(Pubkey.from_string("KeccakSecp256k11111111111111111111111111111"), b"\0", [])
    world.vm.refuse(Error.VoucherMissing, [secp, claim(world, owner, job)], [owner])


def test_a_signature_that_is_not_one(scene) -> None:
    """The precompile refuses it: the transaction fails before the program runs."""
    world, owner, job = scene
    proof = bytearray(bytes(world.voucher(job, AMOUNT).data))
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(proof[80:112], "little") + order
    malleable = bytes(proof[:80]) + scalar.to_bytes(32, "little") + bytes(proof[112:])
    flipped = bytes(proof[:60]) + bytes([proof[60] ^ 1]) + bytes(proof[61:])
    for data in (malleable, flipped):
        outcome = world.vm.send([Instruction(ED25519_PROGRAM, data, []), claim(world, owner, job)], [owner])
        assert outcome.error is not None
        assert outcome.error not in set(Error)


def test_keys_of_small_order_are_refused_by_the_precompile(world: World) -> None:
    """A client that names such a key could not be charged more than its credit, and nobody can forge its voucher."""
    owner = world.provider()
    client = world.vm.keypair()
    signer = Pubkey.from_bytes(b"\x01" + bytes(31))
    instruction = world.program.request_inference(client.pubkey(), signer, world.job(client).terms)
    world.vm.must([instruction], [client])
    world.vm.advance(seconds=1)
    address, _ = world.program.request(client.pubkey(), signer)
    job = Job(address, client, Keypair(), world.job(client).terms)
    world.lock(job, owner)
    # R = identity, S = 0 verifies for every message under this key, where a verifier is lax.
    data = header() + bytes(signer) + b"\x01" + bytes(63) + signed(world, job)
    outcome = world.vm.send([Instruction(ED25519_PROGRAM, data, []), claim(world, owner, job)], [owner])
    assert outcome.error is not None
    assert outcome.error not in set(Error)


def test_a_sysvar_that_is_not_one(scene) -> None:
    """S11: an account with the right layout and the wrong address."""
    world, owner, job = scene
    proof, payment = world.voucher(job, AMOUNT), claim(world, owner, job)
    fake = Keypair().pubkey()
    forged = bytes(proof.data)
    one = struct.pack("<H", 0) + bytes(ED25519_PROGRAM) + struct.pack("<H", len(forged)) + forged
    layout = struct.pack("<HHH", 2, 6, 6 + len(one)) + one + struct.pack("<H", 1)
    world.vm.set_account(fake, 10_000_000, layout, Pubkey.from_string("Sysvar1111111111111111111111111111111111111"))
    accounts = [*list(payment.accounts)[:4], AccountMeta(fake, is_signer=False, is_writable=False)]
    faked = Instruction(payment.program_id, bytes(payment.data), accounts)
    world.vm.refuse(Error.ConstraintAddress, [proof, faked], [owner])
    for byte in range(32):
        near = bytearray(bytes(INSTRUCTIONS_SYSVAR))
        near[byte] ^= 1
        accounts[4] = AccountMeta(Pubkey.from_bytes(bytes(near)), is_signer=False, is_writable=False)
        faked = Instruction(payment.program_id, bytes(payment.data), accounts)
        world.vm.refuse(Error.ConstraintAddress, [proof, faked], [owner])


def test_anchors_placeholder_means_no_voucher(scene) -> None:
    world, owner, job = scene
    payment = claim(world, owner, job, amount=job.terms.credit)
    accounts = [*list(payment.accounts)[:4], AccountMeta(world.program.id, is_signer=False, is_writable=False)]
    without = Instruction(payment.program_id, bytes(payment.data), accounts)
    world.vm.must([without], [owner])
    assert world.server(owner).completed == 0
    assert world.request(job).charge == job.terms.credit


def test_one_proof_serves_one_claim(world: World) -> None:
    """Two claims cannot share a proof, because it names one request."""
    owner = world.provider()
    jobs = [world.locked(owner) for _ in range(2)]
    proof = world.voucher(jobs[0], AMOUNT)
    instructions = [proof, claim(world, owner, jobs[0]), claim(world, owner, jobs[1])]
    world.vm.refuse(Error.VoucherMissing, instructions, [owner])


def test_every_bit_of_the_message_counts(scene) -> None:
    """Signed by the right key, and still refused for each bit that is wrong, but for those of the amount."""
    world, owner, job = scene
    text = signed(world, job)
    for bit in range(len(text) * 8):
        if 34 * 8 <= bit < 42 * 8:
            continue
        wrong = bytearray(text)
        wrong[bit // 8] ^= 1 << bit % 8
        proof = verification(job.voucher_signer, bytes(wrong))
        outcome = world.vm.send([proof, claim(world, owner, job)], [owner])
        expected = Error.VoucherMalformed if bit < 16 else Error.VoucherWrongRequest if bit < 272 else Error.VoucherWrongLock
        assert outcome.error == expected, bit


def test_every_bit_of_the_header_counts(scene) -> None:
    world, owner, job = scene
    proof = bytes(world.voucher(job, AMOUNT).data)
    for bit in range(16 * 8):
        wrong = bytearray(proof)
        wrong[bit // 8] ^= 1 << bit % 8
        outcome = world.vm.send(
            [Instruction(ED25519_PROGRAM, bytes(wrong), []), claim(world, owner, job)], [owner]
        )
        assert outcome.error is not None, bit
