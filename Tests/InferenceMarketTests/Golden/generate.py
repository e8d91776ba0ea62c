"""Writes the golden data of InferenceMarketTests with software that is not this project's.

    python -m venv .venv && .venv/bin/pip install solders==0.29.0 && .venv/bin/python generate.py

Charges come from Python's unbounded integers, Wilson bounds from 60-digit decimals, signatures and program-derived
addresses from solders (the Rust SDK).
"""

import hashlib
import random
from decimal import Decimal, getcontext
from pathlib import Path

from solders.keypair import Keypair
from solders.pubkey import Pubkey

here = Path(__file__).parent
rng = random.Random(20_240_601)
getcontext().prec = 60
U64 = 2**64 - 1


def charge(tokens_in, tokens_out, price_in, price_out, minimum):
    due = -(-(tokens_in * price_in + tokens_out * price_out) // 10**6)
    return max(minimum, min(due, U64))


def charges():
    edge = [0, 1, 2, 63, 64, 65, 999_999, 10**6, 10**6 + 1, 2**32 - 1, 2**32, 2**53, 2**63, U64]
    prices = [0, 1, 999_999, 10**6, 400_000, 2**32 - 1, 2**32]
    rows = []
    for _ in range(400):
        rows.append([rng.choice(edge), rng.choice(edge), rng.choice(prices), rng.choice(prices), rng.choice([0, 1, 15_000, U64])])
    for _ in range(400):
        bits = rng.randrange(1, 65)
        rows.append([rng.getrandbits(rng.randrange(1, 65)), rng.getrandbits(bits), rng.randrange(2**32 + 1),
                     rng.randrange(2**32 + 1), rng.getrandbits(rng.randrange(1, 40))])
    # The last columns: the charge, and the most output tokens that a budget of this charge (or less) pays for.
    lines = ["# input tokens, output tokens, input price, output price, minimum, charge, budget, affordable output (- none, * any)"]
    for row in rows:
        tokens_in, _, price_in, price_out, minimum = row
        due = charge(*row)
        budget = rng.choice([due, max(0, due - 1), rng.randrange(U64 + 1)])
        if charge(tokens_in, 0, price_in, price_out, minimum) > budget or -(-tokens_in * price_in // 10**6) > budget:
            affordable = "-"
        elif price_out == 0:
            affordable = "*"
        else:
            affordable = min(U64, (budget * 10**6 - tokens_in * price_in) // price_out)
        lines.append(" ".join(map(str, row + [due, budget, affordable])))
    (here / "charges.txt").write_text("\n".join(lines) + "\n")


def wilson():
    z = Decimal("1.959963984540054")
    lines = ["# successes, trials, lower bound at z = 1.959963984540054"]
    rows = [(0, 1), (1, 1), (0, 100), (100, 100), (99, 100), (9, 10), (90, 100), (900, 1000), (1, 2), (U64 - 1, U64)]
    rows += [(rng.randrange(n + 1), n) for n in (rng.randrange(1, 10**rng.randrange(1, 12)) for _ in range(90))]
    for successes, trials in rows:
        n, p = Decimal(trials), Decimal(successes) / Decimal(trials)
        low = (p + z * z / (2 * n) - z * ((p * (1 - p) + z * z / (4 * n)) / n).sqrt()) / (1 + z * z / n)
        lines.append(f"{successes} {trials} {max(low, Decimal(0)):.15e}")
    (here / "wilson.txt").write_text("\n".join(lines) + "\n")


def vouchers():
    lines = ["# signer seed, signer, request, cumulative, expires at, message, signature, wire"]
    for _ in range(100):
        seed = rng.randbytes(32)
        key = Keypair.from_seed(seed)
        request = rng.randbytes(32)
        cumulative = rng.choice([0, 1, U64, rng.getrandbits(40)])
        expires = rng.choice([0, -1, 2**63 - 1, -(2**63), 1_700_000_000 + rng.getrandbits(28)])
        message = b"\x56\x01" + request + cumulative.to_bytes(8, "little") + expires.to_bytes(8, "little", signed=True)
        signature = bytes(key.sign_message(message))
        wire = message[34:] + signature
        lines.append(" ".join([seed.hex(), bytes(key.pubkey()).hex(), request.hex(), str(cumulative), str(expires),
                               message.hex(), signature.hex(), wire.hex()]))
    (here / "vouchers.txt").write_text("\n".join(lines) + "\n")


def addresses():
    program_key = Keypair.from_seed(hashlib.sha256(b"chainference localnet program").digest()).pubkey()
    authority = Keypair.from_seed(hashlib.sha256(b"chainference localnet authority").digest()).pubkey()
    lines = ["# kind, first seed, second seed, address, bump (under the localnet program, which comes first)"]
    lines.append(f"program - - {program_key} -")
    lines.append(f"authority - - {authority} -")
    market, bump = Pubkey.find_program_address([b"market"], program_key)
    lines.append(f"market - - {market} {bump}")
    for _ in range(60):
        owner = Pubkey(rng.randbytes(32))
        server, bump = Pubkey.find_program_address([b"server", bytes(owner)], program_key)
        lines.append(f"server {owner} - {server} {bump}")
        signer = Pubkey(rng.randbytes(32))
        request, bump = Pubkey.find_program_address([b"request", bytes(owner), bytes(signer)], program_key)
        lines.append(f"request {owner} {signer} {request} {bump}")
    (here / "addresses.txt").write_text("\n".join(lines) + "\n")


charges()
wilson()
vouchers()
addresses()
