"""Every row of the checklists has its tests, by name.

The rows are those of the design: S1 to S20 of the security checklist, R1 to R9 of the reference program's holes, the
settlement table, and what the program must not let anybody do. A test that is renamed or lost fails here.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

ROWS: dict[str, list[str]] = {
    "S1 signers": ["test_matrix.py::test_unsigned", "test_bad_calls.py::test_unsigned"],
    "S2 owners": ["test_matrix.py::test_wrongly_owned", "test_bad_calls.py::test_accounts_of_another_program"],
    "S3 type cosplay": ["test_bad_calls.py::test_accounts_of_another_type"],
    "S4 address binding": [
        "test_attacks.py::TestAddressBinding",
        "test_matrix.py::test_substituted_accounts",
        "test_matrix.py::test_every_bump_but_one",
        "test_market.py::test_not_with_a_lower_bump",
        "test_servers.py::test_one_server_for_each_wallet",
    ],
    "S5 duplicate accounts": ["test_matrix.py::test_duplicated", "test_attacks.py::test_a_client_cannot_serve_itself"],
    "S6 creation over what exists": [
        "test_attacks.py::TestRecreation",
        "test_matrix.py::test_the_created_account_exists_already",
    ],
    "S7 prefunding": ["test_rent.py::TestFundedBeforehand"],
    "S8 closing and revival": ["test_rent.py::TestEnds"],
    "S9 arithmetic": ["test_attacks.py::TestStakes", "test_attacks.py::test_amounts_at_the_edges_of_64_bits"],
    "S10 rent": ["test_rent.py::TestPayeesBelowRent", "test_rent.py::TestRentThatChanges"],
    "S11 calls of fakes": ["test_market.py::test_a_fake_system_program", "test_vouchers.py::test_a_sysvar_that_is_not_one"],
    "S12 Ed25519": [
        "test_vouchers.py::test_padding",
        "test_vouchers.py::test_no_signature",
        "test_vouchers.py::test_two_signatures",
        "test_vouchers.py::test_each_index_that_points_into_another_instruction",
        "test_vouchers.py::test_each_offset_that_points_behind_a_forgery",
        "test_vouchers.py::test_messages_of_another_length",
        "test_vouchers.py::test_another_key",
        "test_vouchers.py::test_another_request",
        "test_vouchers.py::test_another_magic",
        "test_vouchers.py::test_another_expiry",
        "test_vouchers.py::test_lower_vouchers_pay_less",
        "test_vouchers.py::test_a_voucher_above_the_stake_pays_the_stake",
        "test_vouchers.py::test_the_proof_must_stand_right_before",
        "test_vouchers.py::test_one_proof_serves_one_claim",
        "test_vouchers.py::test_a_signature_that_is_not_one",
        "test_vouchers.py::test_keys_of_small_order_are_refused_by_the_precompile",
    ],
    "S13 time": [
        "test_time.py::test_a_claim_may_come_until_the_deadline",
        "test_time.py::test_other_lives_are_refused",
        "test_time.py::test_a_lock_needs_an_unexpired_request",
    ],
    "S14 states": ["test_attacks.py::TestStateMatrix"],
    "S15 denial of service": [
        "test_griefing.py::test_a_sybil_that_locks_and_releases_holds_nobody_up",
        "test_griefing.py::test_the_longest_of_everything_fits_and_stays_cheap",
        "test_griefing.py::test_as_many_accounts_as_a_transaction_may_name",
        "test_griefing.py::test_a_batch_with_one_bad_call_moves_nothing_and_the_rest_can_be_sent_again",
    ],
    "S16 called by another program": ["test_calls.py::test_a_claim_with_its_voucher_before_the_outer_call"],
    "S17 identity": [
        "test_identity.py::test_a_voucher_is_for_one_deployment",
        "test_identity.py::test_a_voucher_of_another_cluster",
        "test_identity.py::test_what_the_program_cannot_tell_the_specification_says",
    ],
    "S18 encodings": [
        "test_matrix.py::test_truncated_and_oversized_arguments",
        "test_bad_calls.py::test_strings_that_lie_about_their_length",
        "test_bad_calls.py::test_strings_of_other_bytes",
    ],
    "S19 toolchain": [
        "test_toolchain.py::test_a_32_bit_sum_is_widened_without_its_sign",
        "test_toolchain.py::test_arithmetic_agrees_with_python",
        "test_toolchain.py::test_what_would_crash_stops_the_program",
        "test_toolchain.py::test_unknown_and_inactive_system_calls_are_refused",
        "test_versions.py::test_no_frame_is_larger_than_two_kilobytes",
    ],
    "S20 conservation": [
        "test_attacks.py::test_random_lives_conserve_lamports_and_always_end",
        "test_differential.py::test_random_lives",
    ],
    "R1": ["test_attacks.py::test_r1_cancel_after_lock"],
    "R2": ["test_attacks.py::test_r2_deadlines_exist"],
    "R3": ["test_attacks.py::test_r3_claims_need_evidence"],
    "R4": ["test_attacks.py::test_r4_many_requests_of_one_wallet"],
    "R5": ["test_attacks.py::test_r5_the_payee_must_be_writable"],
    "R6": ["test_attacks.py::test_r6_price_and_heartbeat_at_the_lock"],
    "R7": ["test_attacks.py::test_r7_models_are_compared_by_hash"],
    "R8": ["test_attacks.py::test_r8_long_addresses_have_an_error_of_their_own"],
    "R9": ["test_attacks.py::test_r9_events_fees_and_versions"],
    "settlement: nobody locks": [
        "test_settlement.py::test_nobody_locks_and_the_client_cancels",
        "test_settlement.py::test_nobody_locks_and_anybody_expires",
    ],
    "settlement: the server vanishes": [
        "test_settlement.py::test_the_server_vanishes_until_the_deadline",
        "test_settlement.py::test_the_server_vanishes_and_the_client_begins_to_close",
    ],
    "settlement: the server releases": ["test_settlement.py::test_the_server_releases"],
    "settlement: the client vanishes": ["test_settlement.py::test_the_client_vanishes_before_the_prompt"],
    "settlement: mid-stream, stopped, full": [
        "test_settlement.py::test_the_stream_ends_early_and_the_server_claims_the_last_voucher"
    ],
    "settlement: an empty wallet": ["test_settlement.py::test_the_clients_wallet_is_empty_at_the_claim"],
    "settlement: claims that are none": [
        "test_settlement.py::test_after_the_deadline",
        "test_settlement.py::test_twice",
        "test_settlement.py::test_too_large",
        "test_settlement.py::test_by_another_server",
        "test_settlement.py::test_with_anothers_voucher",
    ],
    "prefunded addresses": ["test_rent.py::TestFundedBeforehand", "test_rent.py::test_servers_and_the_market"],
    "payees that would fall below rent": [
        "test_rent.py::test_a_remainder_that_the_client_cannot_keep_waits",
        "test_rent.py::test_an_owner_whose_account_is_empty_is_paid_into_its_server",
        "test_rent.py::test_an_owner_that_cannot_keep_the_rent_of_a_listing",
    ],
    "rent changed by the cluster": [
        "test_rent.py::test_when_it_falls_everything_still_returns",
        "test_rent.py::test_when_it_rises_the_remainder_waits",
        "test_rent.py::test_when_it_rises_further_a_smaller_claim_passes",
    ],
    "a client that empties its wallet": ["test_rent.py::test_a_client_that_empties_its_wallet_cannot_block_the_claim"],
    "a request re-created under a lock": ["test_time.py::test_a_request_created_again_under_the_lock"],
    "a listing raised in between": [
        "test_time.py::test_a_listing_raised_after_the_request_locks_nothing",
        "test_time.py::test_a_listing_made_in_the_slot_of_the_request_locks_nothing",
    ],
    "vouchers of an older lock": ["test_settlement.py::test_with_the_voucher_of_an_earlier_lock"],
    "vouchers of an older incarnation": ["test_settlement.py::test_with_the_voucher_of_an_earlier_incarnation"],
    "claims for nothing": ["test_reputation.py::test_for_nothing_or_without_a_word_of_the_client"],
    "flags that would underflow": [
        "test_reputation.py::test_of_a_server_that_registered_again",
        "test_reputation.py::test_a_release_forgets_the_flag",
    ],
    "requests that only spoil a record": ["test_reputation.py::test_direct_requests_never_spoil_a_record"],
}


@cache
def defined(file: str) -> set[str]:
    """The tests and the classes of tests of a file."""
    tree = ast.parse((HERE / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("row", ROWS)
def test_the_row_has_its_tests(row: str) -> None:
    for name in ROWS[row]:
        file, test = name.split("::")
        assert test in defined(file), name


def test_no_row_is_left_out() -> None:
    rows = {row.split(" ")[0] for row in ROWS}
    assert {f"S{n}" for n in range(1, 21)} <= rows
    assert {f"R{n}" for n in range(1, 10)} <= rows
