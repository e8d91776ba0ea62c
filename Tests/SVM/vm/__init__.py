"""The real Solana VM (LiteSVM, through solders), with the checks that a cluster makes and LiteSVM does not."""

from .machine import Outcome, VM

__all__ = ["Outcome", "VM"]
