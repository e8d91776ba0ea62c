"""Runs every transaction of a test a second time, natively, and compares.

The market program is one source for two machines. `market-native` runs it on this one; whatever a test sends to the VM
is sent there too, and result, accounts, lamports, events and log must be equal.

What of the log is comparable: every line but those of the meter (`consumed … of … compute units`), which only the VM has. That
is, in this order: which program was entered at which depth, what it logged (events), whom it called in between, and how
it ended, with its error code. Where a call of the system program fails, its own words stand in the log; there both logs
are compared up to them.
"""

from __future__ import annotations

import base64
import os
import struct
import subprocess
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from market.ceilings import ceiling, names
from solders.message import Message
from solders.pubkey import Pubkey

if TYPE_CHECKING:
    from .machine import VM, Outcome

ROOT = Path(__file__).resolve().parents[3]
SYSTEM_PROGRAM = Pubkey.default()
INSTRUCTIONS_SYSVAR = Pubkey.from_string("Sysvar1nstructions1111111111111111111111111")
ED25519_PROGRAM = Pubkey.from_string("Ed25519SigVerify111111111111111111111111111")
# They change no account.
INERT = {ED25519_PROGRAM, Pubkey.from_string("ComputeBudget111111111111111111111111111111")}
# The runtime passes these read-only, whatever a transaction says.
RESERVED = INERT | {
    SYSTEM_PROGRAM,
    INSTRUCTIONS_SYSVAR,
    Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111"),
    Pubkey.from_string("SysvarC1ock11111111111111111111111111111111"),
    Pubkey.from_string("SysvarRent111111111111111111111111111111111"),
}
TRANSFER = 2


@dataclass(frozen=True)
class State:
    """An account between two instructions."""

    lamports: int
    data: bytes
    owner: Pubkey
    executable: bool


@cache
def native_path() -> Path:
    """`MARKET_NATIVE`, the one beside the other built programs, or what the package builds now."""
    if path := os.environ.get("MARKET_NATIVE"):
        return Path(path)
    if (folder := os.environ.get("CHAINFERENCE_BINARIES")) and (Path(folder) / "market-native").exists():
        return Path(folder) / "market-native"
    swift = ["swift", "build", "--package-path", str(ROOT), "--product", "market-native"]
    subprocess.run(swift, check=True, stdout=subprocess.DEVNULL)
    folder = subprocess.run([*swift, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    return Path(folder) / "market-native"


class Comparison:
    """The native machine. One serves all tests of a session."""

    # Instructions of the market that were compared, in all.
    instructions = 0
    # How many of them were refused.
    refusals = 0
    # The same by instruction, and whether it was refused.
    outcomes: ClassVar[Counter[tuple[str | None, bool]]] = Counter()

    def __init__(self) -> None:
        self.process = subprocess.Popen([native_path()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @classmethod
    @cache
    def shared(cls) -> Comparison:
        return cls()

    def check(
        self, vm: VM, program: Pubkey, message: Message, before: list[State], after: list[State], outcome: Outcome
    ) -> None:
        """Run the transaction natively; raises where the two machines differ."""
        states = list(before)
        states[0] = replace(states[0], lamports=states[0].lamports - outcome.fee)
        lines: list[str] = []
        for index, instruction in enumerate(message.instructions):
            called = message.account_keys[instruction.program_id_index]
            if called == program:
                result = self._run(vm, message, index, states, lines)
                Comparison.instructions += 1
                Comparison.outcomes[names().get(bytes(instruction.data[:8])), result != 0] += 1
                if result != 0:
                    Comparison.refusals += 1
                    self._compare_refusal(result, index, outcome)
                    _compare_logs(lines, outcome.logs)
                    self._hold_to_its_ceiling(message, program, result, outcome)
                    return
            elif called == SYSTEM_PROGRAM and bytes(instruction.data[:4]) == struct.pack("<I", TRANSFER):
                if outcome.failed_instruction == index:
                    return
                _transfer(instruction, states)
                lines += _entered(called, 1, "success")
            elif called not in INERT:
                return
            elif outcome.failed_instruction == index:
                return
            else:
                lines += [] if called == ED25519_PROGRAM else _entered(called, 1, "success")
        if outcome.error is not None:
            # What the runtime alone judges, after the program.
            assert isinstance(outcome.error, str), f"natively accepted, but refused by the VM: {outcome.error}"
            if "InsufficientFundsForRent" in outcome.error:
                poor = any(0 < state.lamports < vm.minimum_balance(len(state.data)) for state in states)
                assert poor, "natively every account keeps its rent, in the VM one does not"
            return
        for key, native, real in zip(message.account_keys, states, after, strict=True):
            assert native == real, f"{key}: the machines differ\nnative {native}\nVM     {real}"
        _compare_logs(lines, outcome.logs)

    def _compare_refusal(self, result: int, index: int, outcome: Outcome) -> None:
        assert outcome.error is not None, f"refused natively with {result:#x}, but accepted by the VM"
        assert outcome.failed_instruction == index, "the machines refuse different instructions"
        if result < 2**32:
            assert outcome.error == result, f"refused natively with {result}, by the VM with {outcome.error}"
        else:
            assert isinstance(outcome.error, str)

    def _hold_to_its_ceiling(self, message: Message, program: Pubkey, result: int, outcome: Outcome) -> None:
        """A refusal is cheap, wherever in the suite it happens; several instructions share one meter and are not judged."""
        called = [message.account_keys[instruction.program_id_index] for instruction in message.instructions]
        # Codes below a hundred are the system program's.
        if not 100 <= result < 2**32 or called.count(program) != 1 or set(called) - {program} - INERT:
            return
        data = bytes(message.instructions[called.index(program)].data)
        most = ceiling(data, result)
        assert outcome.units <= most, f"refused with {result} for {outcome.units} units, more than {most}"

    def _run(self, vm: VM, message: Message, index: int, states: list[State], lines: list[str]) -> int:
        instruction = message.instructions[index]
        clock = vm.svm.get_clock()
        frame = struct.pack(
            "<QqQQq",
            clock.slot,
            clock.epoch_start_timestamp,
            clock.epoch,
            clock.leader_schedule_epoch,
            clock.unix_timestamp,
        )
        frame += bytes(vm.svm.get_rent())
        places = list(instruction.accounts)
        frame += bytes([len(places)])
        own: list[int] = []
        for place, account in enumerate(places):
            if account in places[:place]:
                frame += bytes([places.index(account)])
                continue
            own.append(account)
            key, state = message.account_keys[account], states[account]
            data = _instructions_sysvar(message, index) if key == INSTRUCTIONS_SYSVAR else state.data
            writable = _is_writable(message, account)
            flags = message.is_signer(account) | writable << 1 | state.executable << 2
            frame += bytes([0xFF, flags]) + bytes(key) + bytes(state.owner)
            frame += struct.pack("<QI", state.lamports, len(data)) + data
        frame += struct.pack("<I", len(instruction.data)) + bytes(instruction.data)
        frame += bytes(message.account_keys[instruction.program_id_index])
        answer = self._exchange(frame)
        (result, count), at = struct.unpack_from("<QB", answer), 9
        assert count == len(own)
        for account in own:
            owner, (lamports, length) = answer[at : at + 32], struct.unpack_from("<QI", answer, at + 32)
            data, at = answer[at + 44 : at + 44 + length], at + 44 + length
            key, old = message.account_keys[account], states[account]
            if result != 0 or key == INSTRUCTIONS_SYSVAR:
                continue
            new = State(lamports, data, Pubkey.from_bytes(owner), old.executable)
            assert new == old or _is_writable(message, account), f"{key} is read-only"
            # An account without lamports is gone.
            states[account] = new if lamports else State(0, b"", SYSTEM_PROGRAM, executable=False)
        number, at = answer[at], at + 1
        called = message.account_keys[instruction.program_id_index]
        lines.append(f"Program {called} invoke [1]")
        for _ in range(number):
            if answer[at] == 0:
                (length,) = struct.unpack_from("<I", answer, at + 1)
                payload, at = answer[at + 5 : at + 5 + length], at + 5 + length
                lines.append(f"Program data: {base64.b64encode(payload).decode()}")
            else:
                (status,) = struct.unpack_from("<Q", answer, at + 1)
                lines += _entered(SYSTEM_PROGRAM, 2, "success" if status == 0 else FAILED_CALL)
                at += 9
        assert at == len(answer)
        ends = "success" if result == 0 else f"failed: custom program error: {result:#x}" if result < 2**32 else FAILED_CALL
        lines.append(ends if ends == FAILED_CALL else f"Program {called} {ends}")
        return result

    def _exchange(self, frame: bytes) -> bytes:
        sink, source = self.process.stdin, self.process.stdout
        assert sink is not None
        assert source is not None
        sink.write(struct.pack("<I", len(frame)) + frame)
        sink.flush()
        head = source.read(4)
        assert len(head) == 4, "the native program trapped"
        return source.read(struct.unpack("<I", head)[0])


# Stands for what the system program, or the runtime in its place, says of its own refusal.
FAILED_CALL = "a call failed"


def _entered(program: Pubkey, depth: int, ends: str) -> list[str]:
    return [f"Program {program} invoke [{depth}]", ends if ends == FAILED_CALL else f"Program {program} {ends}"]


def _compare_logs(native: list[str], real: list[str]) -> None:
    real = [line for line in real if " compute units" not in line]
    if FAILED_CALL in native:
        native = native[: native.index(FAILED_CALL)]
        real = real[: len(native)]
    assert native == real, "\n".join(["the machines differ in their logs", "native:", *native, "VM:", *real])


def _is_writable(message: Message, index: int) -> bool:
    """Whether an account is passed as writable: what the message says, but for addresses that the runtime protects."""
    header, key = message.header, message.account_keys[index]
    signers = header.num_required_signatures
    if index < signers:
        said = index < signers - header.num_readonly_signed_accounts
    else:
        said = index < len(message.account_keys) - header.num_readonly_unsigned_accounts
    called = message.is_key_called_as_program(index) and not message.is_upgradeable_loader_present()
    return said and key not in RESERVED and not called


def _transfer(instruction: Any, states: list[State]) -> None:
    (lamports,) = struct.unpack_from("<Q", bytes(instruction.data), 4)
    source, target = instruction.accounts[0], instruction.accounts[1]
    states[source] = replace(states[source], lamports=states[source].lamports - lamports)
    states[target] = replace(states[target], lamports=states[target].lamports + lamports)


def _instructions_sysvar(message: Message, current: int) -> bytes:
    """The sysvar as the runtime writes it, as far as the program looks."""
    bodies = []
    for instruction in message.instructions:
        body = struct.pack("<H", len(instruction.accounts))
        for account in instruction.accounts:
            flags = message.is_signer(account) | _is_writable(message, account) << 1
            body += bytes([flags]) + bytes(message.account_keys[account])
        body += bytes(message.account_keys[instruction.program_id_index])
        body += struct.pack("<H", len(instruction.data)) + bytes(instruction.data)
        bodies.append(body)
    at, offsets = 2 + 2 * len(bodies), b""
    for body in bodies:
        offsets += struct.pack("<H", at)
        at += len(body)
    return struct.pack("<H", len(bodies)) + offsets + b"".join(bodies) + struct.pack("<H", current)
