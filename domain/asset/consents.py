"""Consents of an asset's owners, and the subleases that rest on them (四(十一): 未经所有权者同意，不得擅自变更)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.consents import OwnerConsent, Sublease, agreed_by
from domain.asset.state import AssetState
from domain.refusals import refuse
from domain.values import Code

if TYPE_CHECKING:
    from domain.occasion import Occasion


class AssetConsents(AssetState):
    """The part of `Asset` that knows what its owners agreed to, and to whom its operators let it on."""

    class OwnerConsentRecorded(AssetState.Event):
        """An owner has said whether it agrees."""

        TOPIC: ClassVar[str] = "asset.owner_consent_recorded"
        TITLE: ClassVar[str] = "登记所有权人意见"
        FACT: ClassVar[bool] = True
        consent: OwnerConsent = Field(title="所有权人意见")

    def record_consent(self, consent: OwnerConsent, at: Occasion) -> None:
        """Record an owner's answer (C4.11-03, P34): a fact. The same again records nothing; a later one takes its place.

        Refused: NOT_FOUND for a contract there is not; SIGNER_NOT_OWNER; ALREADY_EXISTS when the number stands for another answer.
        """
        at.cite("C4.11-03")
        if consent.contract is not None and consent.contract not in self.contracts:
            raise refuse("NOT_FOUND", what=consent.contract)
        at.require(consent.owner in self._owner_parties, "SIGNER_NOT_OWNER", signer=consent.owner)
        known = next((one for one in self.consents if one.consent == consent.consent), None)
        if known == consent:
            return
        if known is not None:
            raise refuse("ALREADY_EXISTS", what=consent.consent)
        self.record(self.OwnerConsentRecorded, at, consent=consent)

    @event(OwnerConsentRecorded)
    def _owner_consent_recorded(self, consent: OwnerConsent) -> None:
        self.consents = (*self.consents, consent)

    class SubletRecorded(AssetState.Event):
        """An operator has let the asset on, with the owners' consent."""

        TOPIC: ClassVar[str] = "asset.sublet_recorded"
        TITLE: ClassVar[str] = "登记转租"
        contract: Code = Field(title="合同编号")
        sublease: Sublease = Field(title="转租情况")
        consented_by: tuple[Code, ...] = Field(title="同意的所有权人")

    def sublet(self, contract: str, sublease: Sublease, at: Occasion) -> None:
        """Record that an operator lets the asset on, as its owners agreed before (C4.11-03, P34).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when the contract has ended; ALREADY_EXISTS; DATE_ORDER for a longer term than the contract's;
        OWNER_CONSENT_REQUIRED when no owner agreed; CONSENT_AFTER_FACT when they did after the signature;
        CO_OWNER_CONSENT_REQUIRED when owners with too small a part did.
        """
        at.cite("C4.11-03")
        self._allow("CHANGE_CONTRACT", at)
        current = self.contracts.get(contract)
        if current is None:
            raise refuse("NOT_FOUND", what=contract)
        known = self.subleases.get(sublease.sublease)
        if known is not None:
            if known == sublease:
                return
            raise refuse("ALREADY_EXISTS", what=sublease.sublease)
        if not current.open:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.11-03", step="sublease", state=current.state)
        if sublease.ends_on > current.terms.ends_on:
            raise refuse("DATE_ORDER", clause="C4.11-03", earlier="sublease.endsOn", later="terms.endsOn")
        agreed = agreed_by(self.now.consents, "SUBLEASE", contract, sublease.operator.operator)
        at.require(agreed, "OWNER_CONSENT_REQUIRED", missing=["consents"])
        before = {owner for owner, day in agreed.items() if day <= sublease.signed_on}
        if not self._enough(before, at):
            at.require(
                not self._enough(set(agreed), at),
                "CONSENT_AFTER_FACT",
                consentedOn=max(agreed.values()),
            )
            absent = sorted(self._owner_parties - before)
            at.require(not absent, "CO_OWNER_CONSENT_REQUIRED", missing=absent, owners=absent)
        self.record(
            self.SubletRecorded, at, contract=contract, sublease=sublease, consented_by=tuple(sorted(before))
        )

    @event(SubletRecorded)
    def _sublet_recorded(self, sublease: Sublease) -> None:
        self.subleases = {**self.subleases, sublease.sublease: sublease}
