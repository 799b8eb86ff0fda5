"""Custody of an asset: who looks after it, who supervises, and the handover between persons (四(十), T7)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.care_advice import CareAdvice, advise_care
from domain.asset.facts.custody import DUTIES_OF_POSTS, Custody, Duty, Supervision, check_duties
from domain.refusals import Refusal, refuse
from domain.values import Code

if TYPE_CHECKING:
    from domain.occasion import Occasion
from domain.asset.state import AssetState


class AssetCustody(AssetState):
    """The part of `Asset` that knows in whose care it is."""

    class CustodyAssigned(AssetState.Event):
        """Custody of the asset assigned: custodian, the post first responsible, named persons."""

        TOPIC: ClassVar[str] = "asset.custody_assigned"
        TITLE: ClassVar[str] = "落实管护"
        custody: Custody = Field(title="管护安排")

    def assign_custody(self, custody: Custody, at: Occasion) -> None:
        """Assign custody with a named person (C4.10-02); before confirmation only provisionally.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS;
        RESPONSIBLE_PERSON_REQUIRED without a named person; FIELD_INVALID for a duty listed twice;
        HANDOVER_INCOMPLETE when somebody who has the asset in care would drop out without a handover;
        STEP_OUT_OF_ORDER when a provisional custody would follow a real one; FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL
        for another post than that of the owner's principal over a public-welfare asset; CUSTODIAN_REQUIRED for another
        custodian than the custody table's, unless its row is a gap (T7); SUPERVISOR_REQUIRED when nobody supervises;
        RULE_GAP, CODE_UNKNOWN, LINE_DEPT_UNMAPPED where the tables do not say who supervises.
        """
        at.cite("C4.10-02", "C4.10-05")
        self._allow("PROVISIONAL_CUSTODY" if custody.provisional else "CUSTODY", at)
        if custody == self.custody:
            return
        check_duties(self.custody, custody, at)
        if self.card.asset_class == "PUBLIC_WELFARE":
            self._check_first_responsible(custody, at)
        if any(one.supervisor == custody.custodian for one in self.supervision):
            at.warn("SUPERVISOR_IS_CUSTODIAN", supervisor=custody.custodian)
        if not custody.provisional:
            advice = self._advice(at)
            if advice is not None and not advice.rule_gap:
                at.require(
                    at.stands(custody.custodian) in map(at.stands, advice.custodians),
                    "CUSTODIAN_REQUIRED",
                    clause=advice.clauses[0],
                    missing=advice.custodians,
                )
            supervised = self.supervision or (advice is not None and advice.supervisors)
            at.require(supervised, "SUPERVISOR_REQUIRED", missing=["supervision"])
            self._warn_of_late_custody(at)
        self.record(self.CustodyAssigned, at, custody=custody)

    def _check_first_responsible(self, custody: Custody, at: Occasion) -> None:
        """Of a public-welfare asset the owner's principal leader is first responsible (C4.10-05)."""
        first = custody.first_responsible
        if first is None and custody.provisional:
            return
        leading = (
            at.rules.codes("POSITION", f"PRINCIPAL_OF_{self.owner_kind}")
            if self.owners
            else at.rules.principal_positions
        )
        owners = {at.stands(share.party) for share in self.owners}
        at.require(
            first is not None
            and first.position in leading
            and (not owners or at.stands(first.organization) in owners),
            "FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL",
            missing=["custody.firstResponsible"],
            position=first.position if first is not None else "—",
        )

    def _advice(self, at: Occasion) -> CareAdvice | None:
        """What the custody table says of it on the day; None where no row of it covers the asset (C4.3-02)."""
        try:
            return self.care_advice(at)
        except Refusal:
            return None

    def _warn_of_late_custody(self, at: Occasion) -> None:
        """The first custody is due some days after the confirmation (P32)."""
        first = self.custody is None or self.custody.provisional
        if first and self.confirmed_on is not None:
            due = self.confirmed_on + timedelta(days=at.rules.parameters["P32"])
            if at.on > due:
                at.warn("CUSTODY_OVERDUE", due=due)

    def care_advice(self, at: Occasion) -> CareAdvice:
        """Who would keep and who would supervise it by the custody table (T7). RULE_GAP when no row covers it.

        Refused also: CODE_UNKNOWN, LINE_DEPT_UNMAPPED.
        """
        running = [one.terms for one in self.contracts.values() if one.open]
        modes = {one.mode: at.rules.operation_mode(one.mode) for one in running}
        own = {mode for mode, row in modes.items() if row is not None and row.custodian_required}
        return advise_care(
            self.card,
            owner_kind=self.owner_kind or "",
            owners=tuple(share.party for share in self.owners),
            operator=next((one.operator.operator for one in running if one.mode not in own), None),
            self_operated=bool(own),
            guidance=self.guidance,
            at=at,
        )

    @event(CustodyAssigned)
    def _custody_assigned(self, custody: Custody) -> None:
        self.custody = custody

    class SupervisionAssigned(AssetState.Event):
        """Supervisors of the custodian assigned: a set, each with a first supervisor by post."""

        TOPIC: ClassVar[str] = "asset.supervision_assigned"
        TITLE: ClassVar[str] = "落实监管"
        supervision: tuple[Supervision, ...] = Field(title="监管安排")

    def assign_supervision(self, supervision: tuple[Supervision, ...], at: Occasion) -> None:
        """Assign the supervising units (C4.3-02, C4.10-06, C4.10-07).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; SUPERVISOR_REQUIRED for an empty
        set; SUPERVISOR_SET_INCOMPLETE for a part of the custody table's; FIRST_SUPERVISOR_MUST_BE_PARTY_SECRETARY and
        FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL where another post than the leading one is first of a village or another unit;
        RULE_GAP, CODE_UNKNOWN, LINE_DEPT_UNMAPPED where the tables do not say who supervises.
        """
        at.cite("C4.3-02", "C4.10-06", "C4.10-07")
        self._allow("SUPERVISION", at)
        at.require(supervision, "SUPERVISOR_REQUIRED", missing=["supervision"])
        if supervision == self.supervision:
            return
        self._check_supervision(supervision, at)
        if self.custody is not None and any(one.supervisor == self.custody.custodian for one in supervision):
            at.warn("SUPERVISOR_IS_CUSTODIAN", supervisor=self.custody.custodian)
        self.record(self.SupervisionAssigned, at, supervision=supervision)

    def _check_supervision(self, supervision: tuple[Supervision, ...], at: Occasion) -> None:
        """The custody table's row decides who supervises and by which post first, but where the text has none (T7)."""
        advice = self._advice(at)
        if advice is None or advice.first_supervisor is None or advice.rule_gap:
            return
        named = {at.stands(one.supervisor) for one in supervision}
        lacking = [unit for unit in advice.required if at.stands(unit) not in named]
        at.require(not lacking, "SUPERVISOR_SET_INCOMPLETE", clause=advice.clauses[0], missing=lacking)
        firsts = [one.first_supervisor for one in supervision if one.first_supervisor is not None]
        each = advice.required if advice.first_supervisor == "PRINCIPAL_OF_EACH" else ()
        for unit in each or advice.accountable[:1]:
            posts = [one.position for one in firsts if at.stands(one.organization) == at.stands(unit)]
            self._must_lead(unit, posts or [""], at)
        for one in firsts:
            self._must_lead(one.organization, [one.position], at)

    def _must_lead(self, unit: str, posts: list[str], at: Occasion) -> None:
        """The first supervisor of a village is its Party secretary, of another unit its principal leader."""
        village = self.owner_kind == "VILLAGE" and any(share.party == unit for share in self.owners)
        leading = (
            at.rules.codes("POSITION", "PRINCIPAL_OF_VILLAGE") if village else at.rules.principal_positions
        )
        code = (
            "FIRST_SUPERVISOR_MUST_BE_PARTY_SECRETARY" if village else "FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL"
        )
        for post in posts:
            at.require(
                post in leading, code, clause="C4.10-06" if village else "C4.10-07", position=post or "—"
            )

    @event(SupervisionAssigned)
    def _supervision_assigned(self, supervision: tuple[Supervision, ...]) -> None:
        self.supervision = supervision

    class HandedOver(AssetState.Event):
        """A person's duty for the asset passed to the successor, by a completed departure case and nothing else."""

        TOPIC: ClassVar[str] = "asset.handed_over"
        TITLE: ClassVar[str] = "人员交接"
        FACT: ClassVar[bool] = True
        case: Code = Field(title="交接编号")
        duty: Code = Field(title="交接的职责")
        outgoing: Code = Field(title="移交人")
        incoming: Code = Field(title="接任人")
        supervisor: Code = Field(title="监交人")

    def hand_over(
        self, *, case: str, duty: str, outgoing: str, incoming: str, supervisor: str, at: Occasion
    ) -> None:
        """Pass a duty from one person to another (C4.10-09, C4.10-10). Called by the completion of a departure case.

        `duty`: MANAGER or RESPONSIBLE of a named person, or one of `DUTIES_OF_POSTS`: the post decides who has it on a
        day, and the event says that what was in its care was handed over.

        Refused: SAME_PERSON when nothing would change hands; STEP_OUT_OF_ORDER when the outgoing person does not
        have this duty.
        """
        at.cite("C4.10-10", "C4.10-11")
        if outgoing == incoming:
            raise refuse("SAME_PERSON", person=incoming)
        if self.disposed_on is not None:
            return  # nobody's care any more: a case opened before the disposal completes without it
        at.require(
            self.in_care_of(outgoing, duty),
            "STEP_OUT_OF_ORDER",
            clause="C4.10-10",
            step="handover",
            state="ASSIGNED" if self.custody is not None else "NONE",
        )
        self.record(
            self.HandedOver,
            at,
            case=case,
            duty=duty,
            outgoing=outgoing,
            incoming=incoming,
            supervisor=supervisor,
        )

    def in_care_of(self, person: str, duty: str) -> bool:
        """Whether the asset has this duty for that person; a post's duty is anybody's who held the post."""
        if self.disposed_on is not None:
            return False
        if duty == "SUPERVISOR":
            return any(one.first_supervisor is not None for one in self.supervision)
        if self.custody is None:
            return False
        if duty == "FIRST_RESPONSIBLE":
            return self.custody.first_responsible is not None
        return any((one.person, one.duty) == (person, duty) for one in self.custody.duties)

    @event(HandedOver)
    def _handed_over(self, duty: Code, outgoing: Code, incoming: Code) -> None:
        if self.custody is None or duty in DUTIES_OF_POSTS:
            return
        kept = [one for one in self.custody.duties if (one.person, one.duty) != (outgoing, duty)]
        successor = Duty(person=incoming, duty=duty)
        if successor not in kept:
            kept.append(successor)
        self.custody = self.custody.model_copy(update={"duties": tuple(kept)})
