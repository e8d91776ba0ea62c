"""Errors in the shapes that Agave gives them."""

from __future__ import annotations

import re
from typing import Any

PREFLIGHT_FAILURE = -32002
SIGNATURE_VERIFICATION_FAILURE = -32003
UNSUPPORTED_VERSION = -32015
MIN_CONTEXT_SLOT_NOT_REACHED = -32016
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
PARSE_ERROR = -32700

TRANSACTION_TEXTS = {
    "AccountInUse": "Account in use",
    "AccountLoadedTwice": "Account loaded twice",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "ProgramAccountNotFound": "Attempt to load a program that does not exist",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "InvalidAccountForFee": "This account may not be used to pay transaction fees",
    "AlreadyProcessed": "This transaction has already been processed",
    "BlockhashNotFound": "Blockhash not found",
    "SignatureFailure": "Transaction did not pass signature verification",
    "InvalidProgramForExecution": "This program may not be used for executing instructions",
    "SanitizeFailure": "Transaction failed to sanitize accounts offsets correctly",
    "TooManyAccountLocks": "Transaction locked too many accounts",
}

INSTRUCTION_TEXTS = {
    "GenericError": "generic instruction error",
    "InvalidArgument": "invalid program argument",
    "InvalidInstructionData": "invalid instruction data",
    "InvalidAccountData": "invalid account data for instruction",
    "InsufficientFunds": "insufficient funds for instruction",
    "IncorrectProgramId": "incorrect program id for instruction",
    "MissingRequiredSignature": "missing required signature for instruction",
    "AccountAlreadyInitialized": "instruction requires an uninitialized account",
    "UninitializedAccount": "instruction requires an initialized account",
    "ExternalAccountLamportSpend": "instruction spent from the balance of an account it does not own",
    "ExternalAccountDataModified": "instruction modified data of an account it does not own",
    "ReadonlyLamportChange": "instruction changed the balance of a read-only account",
    "ReadonlyDataModified": "instruction modified data of a read-only account",
    "NotEnoughAccountKeys": "insufficient account keys for instruction",
    "UnsupportedProgramId": "Unsupported program id",
    "MissingAccount": "An account required by the instruction is missing",
    "InvalidSeeds": "Provided seeds do not result in a valid address",
    "ComputationalBudgetExceeded": "Computational budget exceeded",
    "PrivilegeEscalation": "Cross-program invocation with unauthorized signer or writable account",
    "ProgramFailedToComplete": "Program failed to complete",
    "InvalidAccountOwner": "Invalid account owner",
    "Immutable": "Account is immutable",
    "IncorrectAuthority": "Incorrect authority provided",
    "UnsupportedSysvar": "Unsupported sysvar",
    "ArithmeticOverflow": "Program arithmetic overflowed",
}


class RPCError(Exception):
    """An error of the protocol."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    def json(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return error


def invalid_params(message: str) -> RPCError:
    return RPCError(INVALID_PARAMS, f"Invalid params: {message}.")


def fieldless(error: Any) -> str:
    return str(error).rsplit(".", maxsplit=1)[-1]


def transaction_error(error: Any) -> str | dict[str, Any]:
    """A solders error as Agave's JSON: `"BlockhashNotFound"`, `{"InstructionError":[0,{"Custom":6000}]}`."""
    name = type(error).__name__.removeprefix("TransactionError")
    if name == "InstructionError":
        inner = error.err
        if type(inner).__name__ == "InstructionErrorCustom":
            return {"InstructionError": [error.index, {"Custom": inner.code}]}
        if type(inner).__name__ == "InstructionErrorBorshIO":
            return {"InstructionError": [error.index, "BorshIoError"]}
        return {"InstructionError": [error.index, fieldless(inner)]}
    if name in ("InsufficientFundsForRent", "ProgramExecutionTemporarilyRestricted"):
        return {name: {"account_index": error.account_index}}
    if name == "DuplicateInstruction":
        return {name: error.index}
    return fieldless(error)


def transaction_error_text(error: str | dict[str, Any]) -> str:
    """The sentence that Agave prints for it."""
    if isinstance(error, str):
        return TRANSACTION_TEXTS.get(error, spaced(error))
    if "InstructionError" in error:
        index, inner = error["InstructionError"]
        if isinstance(inner, dict):
            return f"Error processing Instruction {index}: custom program error: {inner['Custom']:#x}"
        return f"Error processing Instruction {index}: {INSTRUCTION_TEXTS.get(inner, spaced(inner))}"
    if "InsufficientFundsForRent" in error:
        index = error["InsufficientFundsForRent"]["account_index"]
        return f"Transaction results in an account ({index}) with insufficient funds for rent"
    if "DuplicateInstruction" in error:
        return f"Transaction contains a duplicate instruction ({error['DuplicateInstruction']}) that is not allowed"
    return str(error)


def spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()
