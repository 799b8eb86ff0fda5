"""The rights over an asset beside its title: the five of the bundle, certificates, the register of property (C2-02, C4.3-09)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.certificates import PropertyRegistration, TitleCertificate
from domain.asset.facts.days import CertificateAnswerDay
from domain.asset.facts.rights import (
    RightAssignment,
    RightHolder,
    RightsBundle,
    assigned,
    held,
    operators_between,
)
from domain.asset.state import AssetState
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Name, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation import Rules

_SHARED_RIGHTS: Final = frozenset({"SUPERVISION"})
"""Rights that several may hold on the same day without parts of it."""


class AssetRights(AssetState):
    """The part of `Asset` that knows who may do what with it."""

    # ---- the five rights ---------------------------------------------------------------------------------------

    class RightAssigned(AssetState.Event):
        """A right was given to somebody by a document, for a time."""

        TOPIC: ClassVar[str] = "asset.right_assigned"
        TITLE: ClassVar[str] = "明确权利"
        assignment: RightAssignment = Field(title="权利安排内容")

    def assign_right(self, assignment: RightAssignment, at: Occasion) -> None:
        """Give a right of a confirmed asset to a holder (C2-02).

        Refused: OWNERSHIP_NOT_CONFIRMED, RIGHT_OVERLAP: ownership and income are given whole by the
        confirmation, use by a contract, and no right twice for the same day but supervision, ASSET_DISPOSED.
        """
        at.cite("C2-02")
        self._allow("TITLE_CERTIFICATE", at)
        if assignment in self.rights:
            return
        if self._given_otherwise(assignment) or any(
            one.right == assignment.right and one.meets(assignment.since, assignment.until)
            for one in self.rights
            if assignment.right not in _SHARED_RIGHTS or one.holder == assignment.holder
        ):
            raise refuse("RIGHT_OVERLAP", field=assignment.right)
        self.record(self.RightAssigned, at, assignment=assignment)

    def _given_otherwise(self, assignment: RightAssignment) -> bool:
        match assignment.right:
            case "OWNERSHIP":
                return True
            case "INCOME":
                return bool(self.income_right_holders)
            case "USE":
                contracts = self.contracts.values()
                return bool(operators_between(contracts, assignment.since, assignment.until))
            case _:
                return False

    @event(RightAssigned)
    def _right_assigned(self, assignment: RightAssignment) -> None:
        self.rights = (*self.rights, assignment)

    def rights_on(self, day: date, rules: Rules) -> RightsBundle:
        """Who holds the five rights on a day, as the asset stood by then: fold its history up to that day first."""
        ownership = held(self.owners, self.ownership_rule or "")
        operators = tuple(
            RightHolder(holder=one.terms.operator.operator, basis=one.terms.contract)
            for one in operators_between(self.contracts.values(), day, day)
        )
        users = operators or assigned(self.rights, "USE", day)
        owning = tuple(one.model_copy(update={"share": None}) for one in ownership)
        if not users and self.owners:
            users = self._users_without_operator() or owning
        income = held(self.income_right_holders, self.ownership_rule or "")
        return RightsBundle(
            on=day,
            ownership=ownership,
            use=users,
            income=income or assigned(self.rights, "INCOME", day),
            disposal=assigned(self.rights, "DISPOSAL", day) or owning,
            supervision=self._supervisors_on(day, rules),
            accountable_parties=self.accountable_parties,
            lead_department=self._lead_department(rules),
        )

    def _users_without_operator(self) -> tuple[RightHolder, ...]:
        """Who uses it while nobody operates it: whom the confirmation named, or the one owner."""
        user = self.user_right_holder
        known = {contract.terms.operator.operator for contract in self.contracts.values()}
        if user is None or user in known:
            return ()
        return (RightHolder(holder=user, basis=self.ownership_rule or ""),)

    def _lead_department(self, rules: Rules) -> str | None:
        """The department that leads by class and owner (四(六)); before there is an owner, by the row that decides over the title."""
        advice = rules.ownership_of(self.card, title_unclear=self.title_unclear)
        return rules.lead_department(self.card.asset_class, self.owner_kind or advice.owner_kind)

    def _supervisors_on(self, day: date, rules: Rules) -> tuple[RightHolder, ...]:
        """Who was given supervision; where nobody was yet, who has it by the custody table (T7)."""
        given = tuple(RightHolder(holder=one.supervisor, basis="C4.3-02") for one in self.supervision)
        given += assigned(self.rights, "SUPERVISION", day)
        if given or self.owner_kind is None:
            return given
        card = self.card
        row = rules.custody(
            card.asset_class,
            card.project_scope,
            self.owner_kind,
            operator_present=bool(operators_between(self.contracts.values(), day, day)),
            self_operated=False,
        )
        found: dict[str, None] = {}
        for role in row.supervisors:
            found.update(dict.fromkeys(self._units_of(role, rules)))
        return tuple(RightHolder(holder=unit, basis=row.article) for unit in found)

    def _units_of(self, role: str, rules: Rules) -> tuple[str, ...]:
        """The units that play a role of T7 for this asset."""
        card = self.card
        match role:
            case "TOWNSHIP":
                villages = (
                    [one.party for one in self.owners] if self.owner_kind == "VILLAGE" else [card.location]
                )
                return tuple(f"{one[:9]}000" for one in villages)
            case "GUIDING_DEPARTMENT":
                return (rules.guiding_departments(card.funding_lines, card.implementer_kind).lead,)
            case "LINE_DEPARTMENT":
                return (rules.line_department(card.asset_type),)
            case "IMPLEMENTER":
                return (card.implementer,)
            case "OWNER" | "EACH_OWNER_VILLAGE" | "VILLAGE":
                return self.accountable_parties
            case _:
                return (role,)

    # ---- certificates ------------------------------------------------------------------------------------------

    class TitleCertificateApplied(AssetState.Event):
        """A certificate was asked for at the natural-resources bureau."""

        TOPIC: ClassVar[str] = "asset.title_certificate_applied"
        TITLE: ClassVar[str] = "申请办理产权证"
        certificate: TitleCertificate = Field(title="产权证申请")

    def apply_for_certificate(self, certificate: TitleCertificate, at: Occasion) -> None:
        """Apply for an owner's title or real-estate certificate (C4.3-09), only of a confirmed asset.

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, ALREADY_EXISTS, FIELD_INVALID, CODE_UNKNOWN.
        """
        at.cite("C4.3-09")
        self._allow("TITLE_CERTIFICATE", at)
        asked = certificate.as_applied()
        known = self.title_certificates.get(asked.certificate)
        if known is not None:
            if known.as_applied() == asked:
                return
            raise refuse("ALREADY_EXISTS", what=asked.certificate)
        self._must_own(asked.holder, "holder")
        eligible = at.rules.asset_type(self.card.asset_type).real_estate
        if asked.kind in at.rules.codes("CERTIFICATE", "ELIGIBLE_ONLY") and not eligible:
            raise refuse("FIELD_INVALID", clause="C4.3-09", field="kind", value=asked.kind)
        self.record(self.TitleCertificateApplied, at, certificate=asked)

    @event(TitleCertificateApplied)
    def _title_certificate_applied(self, certificate: TitleCertificate) -> None:
        self.title_certificates = {**self.title_certificates, certificate.certificate: certificate}

    class TitleCertificateIssued(AssetState.Event):
        """The certificate is there, under a number of its own."""

        TOPIC: ClassVar[str] = "asset.title_certificate_issued"
        TITLE: ClassVar[str] = "颁发产权证"
        FACT: ClassVar[bool] = True
        certificate: Code = Field(title="产权证申请编号")
        number: Name = Field(title="产权证号")
        issued_on: CertificateAnswerDay = Field(title="发证日期")

    def issue_title_certificate(self, certificate: str, number: str, issued_on: date, at: Occasion) -> None:
        """Record the certificate that was issued on an application (C4.3-09).

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, NOT_FOUND, STEP_OUT_OF_ORDER,
        CERT_NO_DUPLICATE.
        """
        at.cite("C4.3-09")
        self._allow("TITLE_CERTIFICATE", at)
        asked = self._application(certificate)
        if (asked.state, asked.number, asked.decided_on) == ("ISSUED", number, issued_on):
            return
        self._must_be_unanswered(asked)
        if number in {one.number for one in self.title_certificates.values()}:
            raise refuse("CERT_NO_DUPLICATE", number=number)
        self.record(
            self.TitleCertificateIssued, at, certificate=certificate, number=number, issued_on=issued_on
        )

    @event(TitleCertificateIssued)
    def _title_certificate_issued(self, certificate: Code, number: Name, issued_on: BusinessDate) -> None:
        self._answer(certificate, state="ISSUED", number=number, decided_on=issued_on)

    class TitleCertificateIneligible(AssetState.Event):
        """The asset does not qualify for the certificate; that blocks nothing."""

        TOPIC: ClassVar[str] = "asset.title_certificate_ineligible"
        TITLE: ClassVar[str] = "不符合办证条件"
        FACT: ClassVar[bool] = True
        certificate: Code = Field(title="产权证申请编号")
        reason: Text = Field(title="不符合条件的原因")
        decided_on: CertificateAnswerDay = Field(title="答复日期")

    def find_certificate_ineligible(
        self, certificate: str, reason: str, decided_on: date, at: Occasion
    ) -> None:
        """Record that no certificate is issued, and why (C4.3-09).

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, NOT_FOUND, STEP_OUT_OF_ORDER.
        """
        at.cite("C4.3-09")
        self._allow("TITLE_CERTIFICATE", at)
        asked = self._application(certificate)
        if (asked.state, asked.reason, asked.decided_on) == ("INELIGIBLE", reason, decided_on):
            return
        self._must_be_unanswered(asked)
        self.record(
            self.TitleCertificateIneligible, at, certificate=certificate, reason=reason, decided_on=decided_on
        )

    @event(TitleCertificateIneligible)
    def _title_certificate_ineligible(
        self, certificate: Code, reason: Text, decided_on: BusinessDate
    ) -> None:
        self._answer(certificate, state="INELIGIBLE", reason=reason, decided_on=decided_on)

    def _application(self, certificate: str) -> TitleCertificate:
        asked = self.title_certificates.get(certificate)
        if asked is None:
            raise refuse("NOT_FOUND", what=certificate)
        return asked

    @staticmethod
    def _must_be_unanswered(asked: TitleCertificate) -> None:
        if asked.state != "APPLIED":
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.5-06", step="titleCertificate", state=asked.state)

    def _answer(self, certificate: str, **answer: object) -> None:
        answered = self.title_certificates[certificate].model_copy(update=answer)
        self.title_certificates = {**self.title_certificates, certificate: answered}

    # ---- register of property ----------------------------------------------------------------------------------

    class PropertyRegistered(AssetState.Event):
        """An owner's share is in the register of collective property."""

        TOPIC: ClassVar[str] = "asset.property_registered"
        TITLE: ClassVar[str] = "办理产权登记"
        FACT: ClassVar[bool] = True
        registration: PropertyRegistration = Field(title="产权登记内容")

    def register_property(self, registration: PropertyRegistration, at: Occasion) -> None:
        """Record an owner's entry in the register of property (C4.5-17).

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, FIELD_INVALID.
        """
        at.cite("C4.5-17")
        self._allow("TITLE_CERTIFICATE", at)
        if registration == self.property_registrations.get(registration.party):
            return
        self._must_own(registration.party, "party")
        self.record(self.PropertyRegistered, at, registration=registration)

    @event(PropertyRegistered)
    def _property_registered(self, registration: PropertyRegistration) -> None:
        self.property_registrations = {**self.property_registrations, registration.party: registration}

    def _must_own(self, party: str, field: str) -> None:
        if party not in self.accountable_parties:
            raise refuse("FIELD_INVALID", clause="C4.3-09", field=field, value=party)
