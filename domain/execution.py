"""Execution (执行) of a decision by a fact: the text that a procedure decided on, and the unit whose fact it is.

An event says it of itself (`DomainEvent.carries_out`). A command that records such an event and names a procedure takes
the procedure's step by it in the same commit (`ProcedureInstance.take_by_fact`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Execution:
    """`kind`, `subject`: what the procedure has to be over; `digests`: of the text carried out, in every form it has had."""

    unit: str
    kind: str
    subject: str
    digests: tuple[str, ...]
