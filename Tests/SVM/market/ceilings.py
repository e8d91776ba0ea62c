"""What a refusal may cost, in compute units.

Every refused call of the suite, the random ones included, is held against this. The design's goal is 400 for each; what
comes after a system call, an address search or the second of two records cannot be had for that.
"""

import json
from functools import cache
from pathlib import Path

from .errors import Error

IDL = Path(__file__).resolve().parents[3] / "Documentation" / "idl" / "chainference_market.json"
REFUSAL = 400
# A model id or a peer address is read before anything else: so much more for each eight bytes of it.
TEXT = 9
# Where it begins.
STRINGS = {"add_server": 44, "update_server": 44, "set_listing": 36, "request_inference": 141, "lock_request": 29}

# What the VM's own charges, which come first, leave no room for.
DEARER: dict[tuple[str, Error], tuple[int, str]] = {
    ("initialize_market", Error.ConstraintSeeds): (384_000, "the address search, 1,500 for each bump"),
    ("initialize_market", Error.TreasuryUnusable): (500, "six accounts, and reading the rent"),
    ("add_server", Error.ConstraintSeeds): (384_000, "the address search, 1,500 for each bump"),
    ("set_listing", Error.TooManyListings): (1_650, "64 listings are looked at before"),
    ("request_inference", Error.ConstraintSeeds): (1_130, "clock, and hashes of the model id and of the address"),
    ("request_inference", Error.StakeOutOfRange): (1_100, "the same, and the rent: the sum of stake and rent overflows"),
    ("request_inference", Error.HeartbeatStale): (560, "direct: five accounts, the record, and the clock"),
    ("request_inference", Error.ModelMismatch): (720, "direct: the same, and the hash of the model id"),
    ("lock_request", Error.HeartbeatStale): (570, "all other checks, and the clock"),
    ("lock_request", Error.RequestExpired): (560, "all other checks, and the clock"),
    ("lock_request", Error.LockTooSoon): (560, "all other checks, and the clock"),
    ("claim_payment", Error.DeadlinePassed): (500, "four accounts, the voucher, and the clock"),
    ("claim_payment", Error.ConstraintRentExempt): (660, "the same, and the rent"),
    ("compare_responses", Error.ConstraintMut): (580, "two requests and two servers are read before"),
    ("compare_responses", Error.WrongServer): (550, "two requests and a server are read before"),
    ("compare_responses", Error.ServerReregistered): (580, "two requests and two servers are read before"),
    ("compare_responses", Error.AccountOwnedByWrongProgram): (550, "two requests and a server are read before"),
    ("compare_responses", Error.ClaimsTooFarApart): (430, "two requests are read before"),
    ("compare_responses", Error.ChargeTooSmall): (430, "two requests are read before"),
    ("compare_responses", Error.AlreadyCompared): (420, "two requests are read before"),
    ("compare_responses", Error.NotVouched): (420, "two requests are read before"),
    ("compare_responses", Error.RequestNotClaimed): (410, "two requests are read before"),
}


@cache
def names() -> dict[bytes, str]:
    """The instructions by their first eight bytes."""
    return {bytes(row["discriminator"]): row["name"] for row in json.loads(IDL.read_text())["instructions"]}


def ceiling(data: bytes, error: int) -> int:
    """The most that refusing an instruction with this data and an error may cost."""
    name = names().get(data[:8])
    most = next((most for key, (most, _) in DEARER.items() if key == (name, error)), REFUSAL)
    return most + max(0, len(data) - STRINGS.get(name, len(data))) * TEXT // 8
