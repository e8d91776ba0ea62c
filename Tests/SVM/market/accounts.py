"""Account layouts: the fields in order, as Documentation/market-program.md has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from solders.pubkey import Pubkey

from .wire import Reader, discriminator

OPEN, LOCKED, CLAIMED = 0, 1, 2
DIRECT, FLAGGED, VOUCHED, COMPARED, CLOSING = 1, 2, 4, 8, 16


def _begin(data: bytes, name: str) -> Reader:
    reader = Reader(data)
    if reader.take(8) != discriminator("account", name):
        raise ValueError(f"not a {name} account")
    return reader


def _zeros(reader: Reader, count: int) -> None:
    if any(reader.take(count)):
        raise ValueError("reserved bytes are not zero")


@dataclass(frozen=True)
class Market:
    authority: Pubkey
    pending_authority: Pubkey
    treasury: Pubkey
    minimum_compared_charge: int
    fee_basis_points: int
    version: int
    bump: int

    @classmethod
    def decode(cls, data: bytes) -> Market:
        r = _begin(data, "Market")
        market = cls(
            *(Pubkey.from_bytes(r.take(32)) for _ in range(3)), r.unpack("Q"), r.unpack("H"), r.unpack("B"), r.unpack("B")
        )
        _zeros(r, 44)
        if r.offset != len(data):
            raise ValueError("trailing bytes")
        return market


@dataclass(frozen=True)
class Listing:
    model_hash: bytes
    output_price: int
    input_price: int
    minimum_charge: int
    raised_slot: int
    model_id: str = ""


@dataclass(frozen=True)
class Server:
    owner: Pubkey
    heartbeat_at: int
    registered_at: int
    open_locks: int
    completed: int
    failed: int
    flagged: int
    compared: int
    preferred: int
    earned: int
    fees_owed: int
    peer_key: bytes
    version: int
    bump: int
    peer_address: str
    listings: list[Listing] = field(default_factory=list)

    @classmethod
    def decode(cls, data: bytes) -> Server:
        r = _begin(data, "Server")
        head = [Pubkey.from_bytes(r.take(32)), *(r.unpack(x) for x in "qqQQQQQQQQ"), r.take(32), r.unpack("B"), r.unpack("B")]
        _zeros(r, 26)
        bare = [(r.take(32), *(r.unpack("Q") for _ in range(4))) for _ in range(r.unpack("I"))]
        address = r.string()
        ids = [r.string() for _ in range(r.unpack("I"))]
        if r.offset != len(data) or len(ids) != len(bare):
            raise ValueError("listings and model ids do not match, or trailing bytes")
        return cls(*head, address, [Listing(*listing, id) for listing, id in zip(bare, ids)])


@dataclass(frozen=True)
class Request:
    requester: Pubkey
    server: Pubkey
    model_hash: bytes
    voucher_signer: Pubkey
    client_key: bytes
    stake: int
    maximum_output_price: int
    maximum_input_price: int
    maximum_minimum_charge: int
    output_price: int
    input_price: int
    minimum_charge: int
    credit: int
    charge: int
    created_slot: int
    created_at: int
    expires_at: int
    locked_at: int
    deadline: int
    claimed_at: int
    minimum_completed: int
    maximum_fee_basis_points: int
    minimum_success: int
    minimum_preference: int
    fee_basis_points: int
    state: int
    flags: int
    bump: int
    version: int
    model_id: str
    peer_address: str

    @classmethod
    def decode(cls, data: bytes) -> Request:
        r = _begin(data, "InferenceRequest")
        key = lambda: Pubkey.from_bytes(r.take(32))  # noqa: E731
        head = [key(), key(), r.take(32), key(), r.take(32)]
        head += [r.unpack(x) for x in "QQQQQQQQQQqqqqqQHHHHBBBB"]
        _zeros(r, 12)
        request = cls(*head, r.string(), r.string())
        _zeros(r, len(data) - r.offset)
        return request
