"""Accounts and filters on the wire."""

from __future__ import annotations

import base64
from typing import Any

from solders.account import Account

from . import base58
from .errors import invalid_params

RENT_EPOCH = 2**64 - 1
# What genesis makes has never been looked at by the rent collection of old.
GENESIS_OWNERS = ("NativeLoader1111111111111111111111111111111", "Sysvar1111111111111111111111111111111111111")
Config = dict[str, Any]


def account_json(account: Account, config: Config) -> dict[str, Any]:
    data = bytes(account.data)
    size = len(data)
    if part := config.get("dataSlice"):
        data = data[part["offset"] : part["offset"] + part["length"]]
    encoding = config.get("encoding", "base64")
    # What nobody can parse comes as base64, also from a validator.
    if encoding in ("base64", "jsonParsed"):
        encoded = [base64.b64encode(data).decode(), "base64"]
    elif encoding == "base58":
        encoded = [base58.encode(data), "base58"]
    else:
        raise invalid_params(f"unsupported encoding {encoding!r}")
    return {
        "lamports": account.lamports,
        "owner": str(account.owner),
        "data": encoded,
        "executable": account.executable,
        "rentEpoch": 0 if str(account.owner) in GENESIS_OWNERS else RENT_EPOCH,
        "space": size,
    }


def matches(account: Account, filters: list[dict[str, Any]] | None) -> bool:
    data = bytes(account.data)
    return all(_matches(data, each) for each in filters or [])


def _matches(data: bytes, filter: dict[str, Any]) -> bool:
    if "dataSize" in filter:
        return len(data) == filter["dataSize"]
    if "memcmp" in filter:
        comparison = filter["memcmp"]
        wanted, offset = _bytes(comparison), comparison["offset"]
        return data[offset : offset + len(wanted)] == wanted
    raise invalid_params(f"unknown filter {filter}")


def _bytes(comparison: dict[str, Any]) -> bytes:
    value = comparison["bytes"]
    if isinstance(value, list):
        return bytes(value)
    if comparison.get("encoding", "base58") == "base64":
        return base64.b64decode(value, validate=True)
    return base58.decode(value)


def decode_transaction(text: str, config: Config, default: str) -> bytes:
    encoding = config.get("encoding", default)
    try:
        if encoding == "base64":
            return base64.b64decode(text, validate=True)
        if encoding == "base58":
            return base58.decode(text)
    except ValueError as error:
        raise invalid_params(f"invalid {encoding} encoding: {error}") from error
    raise invalid_params(f"unsupported encoding: {encoding}. Supported encodings: base58, base64")
