"""Writes the golden data of SolanaTests with solders, the Python face of the Rust SDK.

    $(Scripts/venv SolanaTests/Golden) Tests/SolanaTests/Golden/generate.py

The seed is fixed: the same solders gives the same files. Bytes are base64, addresses base58.
"""

import base64
import json
import pathlib
import random

from solders import compute_budget, system_program
from solders.address_lookup_table_account import (
    AddressLookupTable,
    AddressLookupTableAccount,
    LookupTableMeta,
    SlotHashes,
)
from solders.errors import BincodeError
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.rent import Rent
from solders.signature import Signature
from solders.transaction import Transaction, VersionedTransaction
from solders.transaction_status import InstructionErrorFieldless, TransactionErrorFieldless

FOLDER = pathlib.Path(__file__).parent
rng = random.Random(20261122)


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def write(name, value):
    (FOLDER / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")) + "\n")


def some_bytes(count):
    return rng.randbytes(count)


def some_pubkey():
    return Pubkey(some_bytes(32))


# A pool from which all messages draw, so that accounts meet in several roles.
SEEDS = [some_bytes(32) for _ in range(12)]
KEYPAIRS = [Keypair.from_seed(seed) for seed in SEEDS]
OTHERS = [some_pubkey() for _ in range(44)] + [
    Pubkey.default(),  # the system program
    Pubkey(bytes([0] * 31 + [1])),
    Pubkey(bytes([255] * 32)),
    compute_budget.ID,
]
POOL = [k.pubkey() for k in KEYPAIRS] + OTHERS


def some_instructions(kind):
    """kind 0: plain. 1: programs are also writable or signing accounts, accounts repeat. 2: anything."""
    count = rng.choice([0, 1, 1, 1, 2, 3, 5, 8]) if kind == 2 else rng.randint(1, 4)
    programs = rng.sample(range(len(KEYPAIRS), len(POOL)), 4)
    result = []
    for _ in range(count):
        program = rng.choice(programs)
        accounts = []
        for _ in range(rng.randint(0, 9)):
            if rng.random() < 0.3:
                account = rng.randrange(len(KEYPAIRS))
                flags = rng.choice([0, 1, 2, 3])
            else:
                account = rng.randrange(len(KEYPAIRS), len(POOL))
                flags = rng.choice([0, 2])
            if kind == 0 and account in programs:
                continue
            accounts.append([account, flags])
        if kind >= 1:
            if accounts and rng.random() < 0.6:
                accounts.append([rng.choice(accounts)[0], rng.choice([0, 2])])
            if rng.random() < 0.6:
                accounts.append([rng.choice(programs), rng.choice([0, 2])])
            if rng.random() < 0.2:
                # A program whose key signs, too.
                program = rng.randrange(len(KEYPAIRS))
                accounts.append([program, rng.choice([1, 3])])
        result.append([program, accounts, some_bytes(rng.choice([0, 1, 4, 12, 40, 127, 128, 200]))])
    return result


def rust_instructions(instructions):
    return [
        Instruction(POOL[p], data, [AccountMeta(POOL[a], bool(f & 1), bool(f & 2)) for a, f in accounts])
        for p, accounts, data in instructions
    ]


def signed(message):
    signers = message.account_keys[: message.header.num_required_signatures]
    by_address = {k.pubkey(): k for k in KEYPAIRS}
    return VersionedTransaction(message, [by_address[s] for s in signers])


def case(payer, instructions, blockhash, message, transaction):
    sane = True
    try:
        transaction.sanitize()
    except Exception:
        sane = False
    return {
        "payer": payer,
        "instructions": [[p, a, b64(d)] for p, a, d in instructions],
        "blockhash": str(blockhash),
        "message": b64(to_bytes_versioned(message)),
        "transaction": b64(bytes(transaction)),
        "sane": sane,
    }


def legacy_messages(count):
    for number in range(count):
        instructions = some_instructions(number % 3)
        payer = rng.randrange(len(KEYPAIRS))
        blockhash = Hash(some_bytes(32))
        message = Message.new_with_blockhash(rust_instructions(instructions), POOL[payer], blockhash)
        yield case(payer, instructions, blockhash, message, signed(message))


def v0_messages(count):
    for number in range(count):
        instructions = some_instructions(number % 3)
        payer = rng.randrange(len(KEYPAIRS))
        blockhash = Hash(some_bytes(32))
        tables = []
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            # Tables overlap, hold signers and programs, name addresses twice, and may hold nothing that is used.
            addresses = [rng.randrange(len(POOL)) for _ in range(rng.choice([0, 1, 5, 20, 60]))]
            tables.append([str(some_pubkey()), addresses])
        message = MessageV0.try_compile(
            POOL[payer],
            rust_instructions(instructions),
            [AddressLookupTableAccount(Pubkey.from_string(t), [POOL[a] for a in addresses]) for t, addresses in tables],
            blockhash,
        )
        yield case(payer, instructions, blockhash, message, signed(message)) | {"tables": tables}


def messages():
    legacy, v0 = list(legacy_messages(360)), list(v0_messages(360))
    write("messages", {"seeds": [b64(s) for s in SEEDS], "pool": [str(p) for p in POOL], "legacy": legacy, "v0": v0})
    return legacy + v0


# --- Hostile transactions: what the Rust SDK says about mutated bytes ---


def verdict(data):
    """0 does not decode, 1 decodes but breaks the rules, 2 is fine."""
    try:
        transaction = VersionedTransaction.from_bytes(data)
    except (BincodeError, ValueError):
        return 0
    if bytes(transaction) != data:
        return 0  # bytes are left over
    try:
        transaction.sanitize()
    except Exception:
        return 1
    return 2


def mutated(data):
    data = bytearray(data)
    signatures = data[0]
    start = 1 + 64 * signatures
    for _ in range(rng.choice([1, 1, 2, 3])):
        choice = rng.randrange(8)
        place = rng.randrange(start, min(start + 5, len(data))) if choice < 3 else rng.randrange(len(data))
        if choice < 3:
            data[place] = rng.choice([0, 1, 2, 3, 4, 5, 9, 0x7F, 0x80, 0x81, 0xFF, data[place] ^ 1, data[place] + 1 & 255])
        elif choice == 3:
            data[place] ^= 1 << rng.randrange(8)
        elif choice == 4:
            del data[place : place + rng.choice([1, 2, 32, 64])]
        elif choice == 5:
            data[place:place] = some_bytes(rng.choice([1, 2, 32]))
        elif choice == 6:
            # Somewhere behind the accounts, where indices and counts are.
            place = max(start, len(data) - rng.randint(1, 60))
            if place < len(data):
                data[place] = rng.choice([0, 1, 5, 0x7F, 0x80, 0x81, 0xFF])
        else:
            data[0] = rng.choice([0, 1, 2, 0x80, 0x81])
        if not data:
            break
    return bytes(data)


def hostile(cases):
    small = [base64.b64decode(c["transaction"]) for c in cases]
    small = [t for t in small if len(t) < 420]
    result = {0: [], 1: [], 2: []}
    while any(len(v) < n for v, n in zip(result.values(), (450, 450, 300))):
        data = mutated(rng.choice(small))
        # The third format, which this package does not know, is tested by itself.
        if data and len(data) > 1 + 64 * data[0] and data[1 + 64 * data[0]] == 0x81:
            continue
        kind = verdict(data)
        if len(result[kind]) < (450, 450, 300)[kind]:
            result[kind].append(b64(data))
    write("hostile", {"undecodable": result[0], "insane": result[1], "fine": result[2]})


# --- Addresses ---


def some_seeds(most):
    return [some_bytes(rng.choice([0, 1, 4, 8, 31, 32])) for _ in range(rng.randint(0, most))]


def addresses():
    find, create = [], []
    for _ in range(400):
        seeds, program = some_seeds(15), some_pubkey()
        address, bump = Pubkey.find_program_address(seeds, program)
        find.append([[b64(s) for s in seeds], str(program), str(address), bump])
    for _ in range(300):
        seeds, program = some_seeds(16), some_pubkey()
        try:
            address = str(Pubkey.create_program_address(seeds, program))
        except Exception:
            address = None
        create.append([[b64(s) for s in seeds], str(program), address])
    with_seed = []
    for _ in range(100):
        base, owner = some_pubkey(), some_pubkey()
        seed = "".join(rng.choice("abcXYZ019 é✓") for _ in range(rng.randint(0, 10)))
        if len(seed.encode()) > 32:
            continue
        with_seed.append([str(base), seed, str(owner), str(Pubkey.create_with_seed(base, seed, owner))])
    # Random strings, real keys, and encodings at the edges of the field.
    p = 2**255 - 19
    points = [some_bytes(32) for _ in range(4000)]
    points += [bytes(Keypair().from_seed(some_bytes(32)).pubkey()) for _ in range(100)]
    for y in list(range(0, 20)) + list(range(p - 20, 2**255)):
        points += [y.to_bytes(32, "little"), (y | 1 << 255).to_bytes(32, "little")]
    write("addresses", {
        "find": find,
        "create": create,
        "withSeed": with_seed,
        "points": b64(b"".join(points)),
        "onCurve": b64(bytes(Pubkey(x).is_on_curve() for x in points)),
    })


def texts():
    values = [bytes(32), bytes([255] * 32), bytes(64), bytes([255] * 64)]
    for size in (32, 64):
        for zeros in range(size + 1):
            values.append(bytes(zeros) + some_bytes(size - zeros))
        values += [some_bytes(size) for _ in range(200)]
        values += [bytes(rng.choice([0, 0, 0, 1, 255]) for _ in range(size)) for _ in range(50)]
    write("base58", [[b64(v), str(Pubkey(v) if len(v) == 32 else Signature(v))] for v in values])


def keypairs():
    result = []
    for _ in range(300):
        keypair = Keypair.from_seed(some_bytes(32))
        message = some_bytes(rng.choice([0, 1, 32, 50, 200]))
        result.append([keypair.to_json(), str(keypair.pubkey()), b64(message), str(keypair.sign_message(message))])
    write("keypairs", result)


# --- Instructions of the built-in programs ---


def some_u64():
    return rng.choice([0, 1, 255, 5_000, 2**32, 2**64 - 1, rng.getrandbits(64), rng.getrandbits(30)])


def built_ins():
    s, result = system_program, []

    def add(name, arguments, instruction):
        metas = [[str(m.pubkey), m.is_signer + 2 * m.is_writable] for m in instruction.accounts]
        shown = [str(a) if isinstance(a, (Pubkey, int)) else a for a in arguments]
        result.append([name, shown, str(instruction.program_id), metas, b64(instruction.data)])

    for _ in range(20):
        a, b, c, d = (some_pubkey() for _ in range(4))
        x, y = some_u64(), some_u64()
        text = "".join(rng.choice("seed é✓") for _ in range(rng.randint(0, 9)))
        add("createAccount", [a, b, x, y, c], s.create_account(
            dict(from_pubkey=b, to_pubkey=a, lamports=x, space=y, owner=c)))
        add("createAccountAllowPrefund", [a, b, x, y, c], s.create_account_allow_prefund(
            dict(payer=b, new_account=a, lamports=x, space=y, owner=c)))
        add("createAccountAllowPrefund", [a, None, 0, y, c], s.create_account_allow_prefund(
            dict(payer=None, new_account=a, lamports=0, space=y, owner=c)))
        base = rng.choice([b, d])
        add("createAccountWithSeed", [a, b, base, text, x, y, c], s.create_account_with_seed(
            dict(from_pubkey=b, to_pubkey=a, base=base, seed=text, lamports=x, space=y, owner=c)))
        add("transfer", [a, b, x], s.transfer(dict(from_pubkey=a, to_pubkey=b, lamports=x)))
        add("assign", [a, b], s.assign(dict(pubkey=a, owner=b)))
        add("allocate", [a, x], s.allocate(dict(pubkey=a, space=x)))
        add("initializeNonce", [a, b], s.initialize_nonce_account(dict(nonce_pubkey=a, authority=b)))
        add("advanceNonce", [a, b], s.advance_nonce_account(dict(nonce_pubkey=a, authorized_pubkey=b)))
        add("withdrawNonce", [a, b, c, x], s.withdraw_nonce_account(
            dict(nonce_pubkey=a, authorized_pubkey=b, to_pubkey=c, lamports=x)))
        add("authorizeNonce", [a, b, c], s.authorize_nonce_account(
            dict(nonce_pubkey=a, authorized_pubkey=b, new_authority=c)))
        # Data alone: builders for these would have no user here.
        add("allocateWithSeed", [a, text, x, b], s.allocate_with_seed(
            dict(address=c, base=a, seed=text, space=x, owner=b)))
        add("assignWithSeed", [a, text, b], s.assign_with_seed(dict(address=c, base=a, seed=text, owner=b)))
        add("transferWithSeed", [x, text, b], s.transfer_with_seed(
            dict(from_pubkey=c, from_base=a, from_seed=text, from_owner=b, to_pubkey=d, lamports=x)))
        small = rng.getrandbits(32)
        add("requestHeapFrame", [small], compute_budget.request_heap_frame(small))
        add("setComputeUnitLimit", [small], compute_budget.set_compute_unit_limit(small))
        add("setComputeUnitPrice", [x], compute_budget.set_compute_unit_price(x))
    add("upgradeNonce", [], s.upgrade_nonce_account(dict(nonce_pubkey=some_pubkey())))
    rent = Rent.default()
    lengths = [0, 1, 8, 80, 112, 165, 1_000, 10_240, 10_485_760] + [rng.randrange(10_485_760) for _ in range(40)]
    write("programs", {
        "instructions": result,
        "rent": {"data": b64(bytes(rent)), "minimums": [[n, str(rent.minimum_balance(n))] for n in lengths]},
    })


def lookup_tables():
    result = []
    for number in range(60):
        count = rng.choice([0, 1, 2, 4, 31, 256])
        authority = rng.choice([None, some_pubkey()])
        deactivation = rng.choice([2**64 - 1, 2**64 - 1, rng.randrange(1_000)])
        extended, start = rng.randrange(1_000), rng.randint(0, min(count, 255))
        meta = LookupTableMeta(deactivation, extended, start, authority)
        state = (1).to_bytes(4, "little") + bytes(meta)
        data = state.ljust(56, b"\0") + some_bytes(32 * count)
        table = AddressLookupTable.deserialize(data)
        active = []
        for slot in (extended - 1, extended, extended + 1):
            if deactivation == 2**64 - 1 and slot >= 0:
                active.append([slot, table.get_active_addresses_len(slot, SlotHashes([]))])
        result.append({
            "data": b64(data),
            "deactivation": str(deactivation),
            "authority": authority and str(authority),
            "addresses": [str(a) for a in table.addresses[:5]],
            "count": len(table.addresses),
            "active": active,
        })
    write("lookupTables", result)


def errors():
    def names(kind):
        return sorted(n for n in dir(kind) if n[0].isupper())

    write("errors", {"instruction": names(InstructionErrorFieldless), "transaction": names(TransactionErrorFieldless)})


hostile(messages())
addresses()
texts()
keypairs()
built_ins()
lookup_tables()
errors()
