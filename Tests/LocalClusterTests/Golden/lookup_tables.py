"""Makes lookup_tables.json: lives of address lookup tables, and what LiteSVM (the Agave runtime, in solders) makes of them.

    $(Scripts/venv SVM) Tests/LocalClusterTests/Golden/lookup_tables.py

Every life is a sequence of transactions in slots that only go up; the slot hashes are those of the 512 slots before. The
program is an SBF program in Agave, so its compute units, and the log lines that tell them, are left out.
"""

import base64
import hashlib
import json
import pathlib
import struct

from generate import SYSTEM, Pubkey, meta, show_account, show_error, system, u64
from solders.account import Account
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message, MessageV0
from solders.transaction import VersionedTransaction

PROGRAM = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
SLOT_HASHES = Pubkey.from_string("SysvarS1otHashes111111111111111111111111111")
FIRST_SLOT = 1_000
payer, owner, poor, friend = (Keypair.from_seed(bytes([i + 201] * 32)) for i in range(4))
strangers = [Pubkey(hashlib.sha256(b"stranger %d" % i).digest()) for i in range(300)]
by_pubkey = {k.pubkey(): k for k in (payer, owner, poor, friend)}
START = {
    payer.pubkey(): Account(10_000_000_000, b"", SYSTEM, False, 2**64 - 1),
    owner.pubkey(): Account(1_000_000_000, b"", SYSTEM, False, 2**64 - 1),
    poor.pubkey(): Account(900_000, b"", SYSTEM, False, 2**64 - 1),
    friend.pubkey(): Account(1_000_000_000, b"", SYSTEM, False, 2**64 - 1),
}


def blockhash(number: int) -> Hash:
    return Hash(hashlib.sha256(b"blockhash %d" % number).digest())


def address(authority, slot: int):
    return Pubkey.find_program_address([bytes(authority.pubkey()), struct.pack("<Q", slot)], PROGRAM)


def call(tag: int, body: bytes, metas: list[AccountMeta]) -> Instruction:
    return Instruction(PROGRAM, struct.pack("<I", tag) + body, metas)


def create(slot, *, authority=owner, signer=False, pays=None, table=None, bump=None, tail=True, writable=True, signs=True):
    found, found_bump = address(authority, slot)
    metas = [
        meta(table or found, False, writable),
        meta(authority, signer, False),
        meta(pays or payer, signs, True),
        meta(SYSTEM, False, False),
    ]
    return call(0, struct.pack("<QB", slot, found_bump if bump is None else bump), metas if tail else metas[:3])


def extend(table, count=3, *, first=0, authority=owner, signs=True, pays=None, pay_signs=True, claims=None, cut=4, writable=True):
    keys = strangers[first : first + count]
    body = u64(len(keys) if claims is None else claims) + b"".join(map(bytes, keys))
    metas = [
        meta(table, False, writable),
        meta(authority, signs, False),
        meta(pays or payer, pay_signs, True),
        meta(SYSTEM, False, False),
    ]
    return call(2, body, metas[:cut])


def simple(tag, table, authority=owner, signs=True, writable=True):
    return call(tag, b"", [meta(table, False, writable), meta(authority, signs, False)])


def freeze(table, **options):
    return simple(1, table, **options)


def deactivate(table, **options):
    return simple(3, table, **options)


def close(table, to=None, *, authority=owner, signs=True, writable=True, to_writable=True, cut=3):
    metas = [meta(table, False, writable), meta(authority, signs, False), meta(to or friend, False, to_writable)]
    return call(4, b"", metas[:cut])


def pay(to, lamports=1_000_000):
    return system(2, u64(lamports), [meta(payer, True, True), meta(to, False, True)])


class Life:
    """A machine, and what has happened in it."""

    def __init__(self, name: str) -> None:
        self.name, self.steps, self.number, self.slot = name, [], 0, FIRST_SLOT
        self.svm = LiteSVM().with_blockhash_check(False)
        for key, account in START.items():
            self.svm.set_account(key, account)
        self.known = set(START)
        self.go(FIRST_SLOT)

    def go(self, slot: int) -> None:
        self.slot = slot
        self.svm.warp_to_slot(slot)
        hashes = [struct.pack("<Q", s) + hashlib.sha256(b"slot %d" % s).digest() for s in range(slot - 1, slot - 513, -1)]
        data = struct.pack("<Q", len(hashes)) + b"".join(hashes)
        kept = self.svm.get_account(SLOT_HASHES)
        self.svm.set_account(SLOT_HASHES, Account(kept.lamports, data, kept.owner, False, 0))

    def send(self, *instructions: Instruction, tables=(), fee_payer=payer) -> None:
        """Sends a transaction; with tables, one of version 0 that looks addresses up in them."""
        self.number += 1
        recent = blockhash(self.number)
        if tables:
            message = MessageV0.try_compile(fee_payer.pubkey(), list(instructions), list(tables), recent)
            assert message.address_table_lookups
            signed = b"\x80" + bytes(message)[1:] if bytes(message)[0] == 0x80 else b"\x80" + bytes(message)
        else:
            message = Message.new_with_blockhash(list(instructions), fee_payer.pubkey(), recent)
            signed = bytes(message)
        signers = message.account_keys[: message.header.num_required_signatures]
        transaction = VersionedTransaction.populate(message, [by_pubkey[k].sign_message(signed) for k in signers])
        wire = bytes(transaction)
        assert len(wire) <= 1_232
        self.known |= {m.pubkey for i in instructions for m in i.accounts} - {SYSTEM}
        before = {k: show_account(self.svm.get_account(k)) for k in self.known}
        result = self.svm.send_transaction(transaction)
        failed = hasattr(result, "err")
        details = result.meta() if failed else result
        inner = [
            [
                {
                    "accounts": list(each.instruction().accounts),
                    "program": each.instruction().program_id_index,
                    "data": base64.b64encode(bytes(each.instruction().data)).decode(),
                }
                for each in one
            ]
            for one in details.inner_instructions()
        ]
        after = {k: show_account(self.svm.get_account(k)) for k in self.known}
        self.steps.append(
            {
                "slot": self.slot,
                "blockhash": str(recent),
                "transaction": base64.b64encode(wire).decode(),
                "error": show_error(result.err()) if failed else None,
                "logs": [line for line in details.logs() if " consumed " not in line],
                "inner": [each for each in inner if each],
                "after": {str(k): after[k] for k in sorted(self.known, key=bytes) if after[k] != before[k]},
            }
        )

    def table(self, key: Pubkey) -> AddressLookupTableAccount:
        data = bytes(self.svm.get_account(key).data)[56:]
        return AddressLookupTableAccount(key, [Pubkey(data[i : i + 32]) for i in range(0, len(data), 32)])


def lives():
    """The lives, each with everything that happens in it."""
    made = []

    def begin(name):
        made.append(Life(name))
        return made[-1]

    slot = FIRST_SLOT - 1
    table = address(owner, slot)[0]

    life = begin("a table is made, extended, used, deactivated and closed")
    life.send(create(slot))
    life.send(create(slot))  # Again: nothing happens.
    life.send(extend(table, 3))
    # What was added in this slot is not usable yet.
    life.send(pay(strangers[0]), tables=[AddressLookupTableAccount(table, strangers[:3])])
    life.go(life.slot + 1)
    life.send(pay(strangers[0]), tables=[life.table(table)])
    life.send(pay(strangers[1]), pay(strangers[2]), tables=[life.table(table)])
    life.send(extend(table, 2, first=3), extend(table, 2, first=5))
    life.send(pay(strangers[2], 1_000_001), tables=[AddressLookupTableAccount(table, strangers[:7])])
    life.send(pay(strangers[3], 1_000_002), tables=[AddressLookupTableAccount(table, strangers[:7])])
    life.go(life.slot + 1)
    life.send(pay(strangers[5], 1_000_003), tables=[life.table(table)])
    life.send(deactivate(table))
    life.send(deactivate(table))
    life.send(close(table))
    life.send(extend(table, 1, first=9))
    life.send(freeze(table))
    life.send(pay(strangers[0], 1_000_004), tables=[life.table(table)])
    deactivated = life.slot
    for later in (1, 2, 511, 512):
        life.go(deactivated + later)
        life.send(close(table))
        life.send(pay(strangers[0], 1_000_000 + life.slot), tables=[life.table(table)])
    addresses = life.table(table)
    life.go(deactivated + 513)
    life.send(pay(strangers[0], 3), tables=[addresses])
    life.send(close(table, table))
    life.send(close(table, authority=friend))
    life.send(close(table, signs=False))
    life.send(close(table, cut=2))
    life.send(close(table, cut=1))
    life.send(close(table, to_writable=False))
    life.send(close(table, writable=False))
    life.send(close(table))
    life.send(pay(strangers[0], 4), tables=[addresses])
    life.send(close(table))
    life.send(create(slot))  # Its slot is long gone.

    life = begin("a frozen table is used for ever and changed no more")
    life.send(create(slot), freeze(table))
    life.send(create(slot), extend(table, 1), freeze(table))
    life.go(life.slot + 1)
    for instruction in (freeze(table), extend(table, 1), deactivate(table), close(table)):
        life.send(instruction)
    life.send(pay(strangers[0]), tables=[life.table(table)])

    life = begin("creations that are refused")
    other = address(owner, slot - 1)[0]
    life.send(create(FIRST_SLOT))  # The slot itself has no hash yet.
    life.send(create(FIRST_SLOT + 5))
    life.send(create(FIRST_SLOT - 513))
    life.send(create(slot, table=other))
    life.send(create(slot, bump=address(owner, slot)[1] - 1))
    for bump in range(3):
        life.send(create(slot, bump=bump))
    life.send(create(slot, pays=friend, signs=False))
    life.send(create(slot, tail=False))
    life.send(create(slot, writable=False))
    life.send(create(slot, pays=poor))
    life.send(call(0, b"\1\2", [meta(table, False, True), meta(owner, False, False)]))
    life.send(call(0, struct.pack("<QB", slot, 1), []))
    life.send(call(0, struct.pack("<QB", slot, 1), [meta(table, False, True), meta(owner, False, False)]))
    life.send(call(9, b"", []))
    life.send(Instruction(PROGRAM, b"", []))
    life.send(Instruction(PROGRAM, b"\0\0\0", []))
    life.send(call(0, struct.pack("<QB", slot, address(owner, slot)[1]) + b"more", create(slot).accounts))
    life.send(create(FIRST_SLOT - 512, signer=True))
    life.send(pay(address(owner, slot - 2)[0], 500_000_000))
    life.send(create(slot - 2))  # Over a prefund.
    life.send(pay(address(owner, slot - 3)[0], 1_000_000))
    life.send(create(slot - 3))  # Over a small one.

    life = begin("extensions that are refused")
    life.send(create(slot))
    life.send(extend(table, 0))
    life.send(extend(table, 1, authority=friend))
    life.send(extend(table, 1, signs=False))
    life.send(extend(table, 1, cut=3))
    life.send(extend(table, 1, cut=2))
    life.send(extend(table, 1, cut=1))
    life.send(extend(table, 1, cut=0))
    life.send(extend(table, 1, pays=friend, pay_signs=False))
    life.send(extend(table, 5, pays=poor))
    life.send(extend(table, 1, writable=False))
    life.send(extend(table, 1, claims=2))
    life.send(extend(table, 2, claims=1))
    life.send(extend(table, 1, claims=2**63))
    life.send(extend(table, 1, claims=39))
    life.send(extend(friend.pubkey(), 1))
    life.send(extend(strangers[9], 1))
    life.send(freeze(table, signs=False))
    life.send(freeze(table, authority=friend))
    life.send(freeze(friend.pubkey()))
    life.send(deactivate(table, signs=False))
    life.send(deactivate(table, authority=friend))
    life.send(deactivate(table, writable=False))
    life.send(deactivate(strangers[9]))
    life.send(freeze(table, writable=False))
    life.send(close(table))
    life.send(close(friend.pubkey(), table))
    for first in range(0, 250, 25):
        life.send(extend(table, 25, first=first))
    life.send(extend(table, 4, first=250), extend(table, 3, first=254))
    life.send(extend(table, 10, first=250))
    life.send(extend(table, 4, first=250))
    life.send(extend(table, 1, first=250))
    life.go(life.slot + 1)
    life.send(*(pay(strangers[i]) for i in (0, 100, 200, 253)), tables=[life.table(table)])
    life.send(pay(payer.pubkey(), 7), pay(strangers[1]), tables=[life.table(table)])
    life.send(pay(strangers[2]), tables=[AddressLookupTableAccount(strangers[99], strangers[:3])])
    life.send(pay(strangers[2]), tables=[AddressLookupTableAccount(friend.pubkey(), strangers[:3])])
    return made


def main():
    made = lives()
    document = {
        "start": {str(k): show_account(a) for k, a in START.items()},
        "lives": [{"name": life.name, "steps": life.steps} for life in made],
    }
    path = pathlib.Path(__file__).with_name("lookup_tables.json")
    path.write_text(json.dumps(document, separators=(",", ":")).replace('{"slot"', '\n{"slot"') + "\n")
    print(sum(len(life.steps) for life in made), "steps,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
