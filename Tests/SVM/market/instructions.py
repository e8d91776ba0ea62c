"""Instruction builders, one for each instruction of the program."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from .wire import discriminator, string

SYSTEM_PROGRAM = Pubkey.default()
UPGRADEABLE_LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
INSTRUCTIONS_SYSVAR = Pubkey.from_string("Sysvar1nstructions1111111111111111111111111")


def r(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)


def w(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def s(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=True, is_writable=False)


def ws(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=True, is_writable=True)


@dataclass(frozen=True)
class RequestTerms:
    """The arguments of `request_inference` but for keys and mode."""

    stake: int = 1_000_000
    maximum_output_price: int = 500_000
    maximum_input_price: int = 200_000
    maximum_minimum_charge: int = 10_000
    credit: int = 5_000
    lifetime: int = 3_600
    minimum_completed: int = 0
    maximum_fee_basis_points: int = 1_000
    minimum_success: int = 0
    minimum_preference: int = 0
    model_id: str | bytes = "meta-llama/Llama-3.1-8B-Instruct"


@dataclass(frozen=True)
class MarketProgram:
    """One deployment of the program."""

    id: Pubkey

    # Addresses

    def pda(self, *seeds: bytes) -> tuple[Pubkey, int]:
        return Pubkey.find_program_address(list(seeds), self.id)

    def every_pda(self, *seeds: bytes) -> list[Pubkey]:
        """The addresses that the bumps from 0 to 255 give, where they give one."""
        found = []
        for bump in range(256):
            try:
                found.append(Pubkey.create_program_address([*seeds, bytes([bump])], self.id))
            except Exception as error:
                # solders does not export this class.
                if type(error).__name__ != "PubkeyError":
                    raise
        return found

    @property
    def market(self) -> Pubkey:
        return self.pda(b"market")[0]

    @property
    def program_data(self) -> Pubkey:
        return Pubkey.find_program_address([bytes(self.id)], UPGRADEABLE_LOADER)[0]

    def server(self, owner: Pubkey) -> Pubkey:
        return self.pda(b"server", bytes(owner))[0]

    def request(self, requester: Pubkey, voucher_signer: Pubkey) -> tuple[Pubkey, int]:
        return self.pda(b"request", bytes(requester), bytes(voucher_signer))

    def _instruction(self, name: str, accounts: list[AccountMeta], arguments: bytes = b"") -> Instruction:
        return Instruction(self.id, discriminator("global", name) + arguments, accounts)

    # Market

    def initialize_market(
        self, upgrade_authority: Pubkey, authority: Pubkey, treasury: Pubkey, minimum: int = 0, fee: int = 0
    ) -> Instruction:
        return self._instruction(
            "initialize_market",
            [w(self.market), ws(upgrade_authority), w(treasury), r(self.id), r(self.program_data), r(SYSTEM_PROGRAM)],
            bytes(authority) + struct.pack("<QH", minimum, fee),
        )

    def update_market(
        self, authority: Pubkey, treasury: Pubkey, pending: Pubkey | None = None, minimum: int = 0, fee: int = 0
    ) -> Instruction:
        return self._instruction(
            "update_market",
            [w(self.market), s(authority), w(treasury)],
            bytes(pending or Pubkey.default()) + struct.pack("<QH", minimum, fee),
        )

    def accept_market(self, successor: Pubkey) -> Instruction:
        return self._instruction("accept_market", [w(self.market), s(successor)])

    # Servers

    def add_server(self, owner: Pubkey, peer_key: bytes = bytes(32), peer_address: str | bytes = "") -> Instruction:
        return self._instruction(
            "add_server", [w(self.server(owner)), ws(owner), r(SYSTEM_PROGRAM)], peer_key + string(peer_address)
        )

    def update_server(self, owner: Pubkey, peer_key: bytes, peer_address: str | bytes) -> Instruction:
        return self._instruction(
            "update_server", [w(self.server(owner)), ws(owner), r(SYSTEM_PROGRAM)], peer_key + string(peer_address)
        )

    def set_listing(
        self, owner: Pubkey, model_id: str | bytes, output_price: int, input_price: int = 0, minimum_charge: int = 0
    ) -> Instruction:
        return self._instruction(
            "set_listing",
            [w(self.server(owner)), ws(owner), r(SYSTEM_PROGRAM)],
            struct.pack("<QQQ", output_price, input_price, minimum_charge) + string(model_id),
        )

    def remove_listing(self, owner: Pubkey, model_hash: bytes) -> Instruction:
        return self._instruction("remove_listing", [w(self.server(owner)), ws(owner)], model_hash)

    def heartbeat(self, owner: Pubkey) -> Instruction:
        return self._instruction("heartbeat", [w(self.server(owner)), s(owner)])

    def close_server(self, owner: Pubkey, treasury: Pubkey) -> Instruction:
        return self._instruction("close_server", [w(self.server(owner)), ws(owner), r(self.market), w(treasury)])

    def collect_fees(self, owner: Pubkey, treasury: Pubkey) -> Instruction:
        return self._instruction("collect_fees", [w(self.server(owner)), r(self.market), w(treasury)])

    # Requests

    def request_inference(
        self,
        requester: Pubkey,
        voucher_signer: Pubkey,
        terms: RequestTerms,
        client_key: bytes = bytes(32),
        direct: Pubkey | None = None,
        listing_index: int = 0,
        bump: int | None = None,
        mode: int | None = None,
    ) -> Instruction:
        """`direct` is the owner of the server that is named."""
        address, found = self.request(requester, voucher_signer)
        accounts = [w(address), ws(requester), r(SYSTEM_PROGRAM)]
        if direct is not None:
            accounts += [r(self.server(direct)), r(self.market)]
        arguments = bytes(voucher_signer) + client_key
        arguments += struct.pack(
            "<QQQQQQQHHHBBB",
            terms.stake,
            terms.maximum_output_price,
            terms.maximum_input_price,
            terms.maximum_minimum_charge,
            terms.credit,
            terms.lifetime,
            terms.minimum_completed,
            terms.maximum_fee_basis_points,
            terms.minimum_success,
            terms.minimum_preference,
            found if bump is None else bump,
            (0 if direct is None else 1) if mode is None else mode,
            listing_index,
        )
        return self._instruction("request_inference", accounts, arguments + string(terms.model_id))

    def cancel_request(self, request: Pubkey, requester: Pubkey) -> Instruction:
        return self._instruction("cancel_request", [w(request), ws(requester)])

    def lock_request(
        self,
        request: Pubkey,
        owner: Pubkey,
        created_slot: int,
        stake: int,
        listing_index: int = 0,
        peer_address: str | bytes = "",
    ) -> Instruction:
        return self._instruction(
            "lock_request",
            [w(request), w(self.server(owner)), s(owner), r(self.market)],
            struct.pack("<QQB", created_slot, stake, listing_index) + string(peer_address),
        )

    def release_request(self, request: Pubkey, owner: Pubkey, requester: Pubkey) -> Instruction:
        return self._instruction("release_request", [w(request), w(self.server(owner)), s(owner), w(requester)])

    def begin_close(self, request: Pubkey, requester: Pubkey) -> Instruction:
        return self._instruction("begin_close", [w(request), s(requester)])

    def claim_payment(
        self, request: Pubkey, owner: Pubkey, requester: Pubkey, amount: int, vouched: bool = False
    ) -> Instruction:
        accounts = [w(request), w(self.server(owner)), ws(owner), w(requester)]
        if vouched:
            accounts.append(r(INSTRUCTIONS_SYSVAR))
        return self._instruction("claim_payment", accounts, struct.pack("<Q", amount))

    def expire_request(self, request: Pubkey, requester: Pubkey, server: Pubkey | None = None) -> Instruction:
        return self._instruction(
            "expire_request", [w(request), w(requester), r(SYSTEM_PROGRAM) if server is None else w(server)]
        )

    def flag_response(self, request: Pubkey, requester: Pubkey, server: Pubkey) -> Instruction:
        return self._instruction("flag_response", [w(request), s(requester), w(server)])

    def compare_responses(
        self,
        preferred: Pubkey,
        other: Pubkey,
        preferred_server: Pubkey,
        other_server: Pubkey,
        preferred_requester: Pubkey,
        other_requester: Pubkey | None = None,
    ) -> Instruction:
        accounts = [r(self.market), w(preferred), w(other), w(preferred_server), w(other_server), s(preferred_requester)]
        if other_requester is not None:
            accounts.append(s(other_requester))
        return self._instruction("compare_responses", accounts)

    def close_request(self, request: Pubkey, requester: Pubkey, signed: bool = True) -> Instruction:
        return self._instruction("close_request", [w(request), (ws if signed else w)(requester)])
