"""Validity of a meeting and of its vote, by the rule of the day (P10), in whole heads."""

from __future__ import annotations

from dataclasses import dataclass

from domain.regulation.parameters import MeetingRule


@dataclass(frozen=True, slots=True)
class Turnout:
    """Turnout: how many could come, came, and agreed. Households only where an assembly counts them."""

    members: int
    present: int
    in_favour: int
    households: int = 0
    households_present: int = 0


@dataclass(frozen=True, slots=True)
class QuorumJudgement:
    """The judgement: `required_present`: the least number of members that makes the meeting valid (0: none asked)."""

    quorate: bool
    passed: bool
    required_present: int
    required_in_favour: int


def judge(rule: MeetingRule, turnout: Turnout) -> QuorumJudgement:
    """Judge a meeting. Any one way of presence is enough; a vote of an invalid meeting passes nothing."""
    required_present = 0
    quorate = not rule.presence
    for way in rule.presence:
        whole, came = (
            (turnout.members, turnout.present)
            if way.of == "MEMBERS"
            else (turnout.households, turnout.households_present)
        )
        least = needed(whole, way.fraction, strict=way.strict)
        if way.of == "MEMBERS":
            required_present = least
        quorate = quorate or (whole > 0 and came >= least)
    counted = turnout.present if rule.counted_in == "PRESENT" else turnout.members
    required = needed(counted, rule.pass_fraction, strict=rule.pass_strict)
    return QuorumJudgement(
        quorate=quorate,
        passed=quorate and counted > 0 and turnout.in_favour >= required,
        required_present=required_present,
        required_in_favour=required,
    )


def needed(whole: int, fraction: tuple[int, int], *, strict: bool) -> int:
    """The least whole number that is at least (`strict`: more than) that fraction of `whole`."""
    part = whole * fraction[0]
    return part // fraction[1] + 1 if strict else -(-part // fraction[1])
