"""Risk cover of an asset's contracts (四(八)): given by the operator or a third party for the asset, never the reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.risk_cover import HeldCover, RiskCover, RiskCoverRelease
from domain.refusals import refuse
from domain.values import Code

if TYPE_CHECKING:
    from domain.occasion import Occasion
from domain.asset.state import AssetState


class AssetRisk(AssetState):
    """The part of `Asset` that knows what secures its contracts."""

    class RiskMitigationAdded(AssetState.Event):
        """A contract was secured."""

        TOPIC: ClassVar[str] = "asset.risk_mitigation_added"
        TITLE: ClassVar[str] = "增加风险保障"
        contract: Code = Field(title="合同编号")
        cover: RiskCover = Field(title="风险保障")

    def add_risk_cover(
        self, contract: str, cover: RiskCover, at: Occasion, *, of_assets: frozenset[str] = frozenset()
    ) -> None:
        """Secure a contract (C4.8-01). `of_assets`: what the collateral names of the county's assets.

        Warned: RISK_RULE_REF_MISSING without the rule it follows (C4.8-02), RISK_COVER_EXPIRED when it is over already.
        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_FOUND; STEP_OUT_OF_ORDER when the
        contract has ended; ALREADY_EXISTS; AMOUNT_NOT_POSITIVE; FIELD_REQUIRED for collateral that is not named;
        COLLATERAL_PROHIBITED for collateral that is an asset itself, whoever gives it; FIELD_INVALID for a beneficiary
        that does not own the asset.
        """
        at.cite("C4.8-01", "C4.8-02")
        self._allow("END_CONTRACT", at)
        known = self.risk_covers.get(cover.cover)
        if known is not None:
            if (known.contract, known.cover) == (contract, cover):
                return
            raise refuse("ALREADY_EXISTS", what=cover.cover)
        current = self.contracts.get(contract)
        if current is None:
            raise refuse("NOT_FOUND", what=contract)
        if not current.open:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.8-01", step="riskCover", state=current.state)
        if cover.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.8-01", field="cover.amount")
        if cover.kind == "COLLATERAL_BY_OPERATOR" and cover.collateral is None:
            raise refuse("FIELD_REQUIRED", clause="C4.8-01", missing=["collateral"], field="cover.collateral")
        at.require(
            cover.collateral is None or cover.collateral not in of_assets | self._own_papers,
            "COLLATERAL_PROHIBITED",
            clause="C4.8-01",
        )
        if self.owners and cover.beneficiary not in self._owner_parties:
            raise refuse(
                "FIELD_INVALID", clause="C4.8-01", field="cover.beneficiary", value=cover.beneficiary
            )
        if cover.rule_ref is None:
            at.warn("RISK_RULE_REF_MISSING")
        if cover.expired(at.on):
            at.warn("RISK_COVER_EXPIRED", validTo=cover.valid_to)
        self.record(self.RiskMitigationAdded, at, contract=contract, cover=cover)

    @property
    def _own_papers(self) -> frozenset[str]:
        """Names under which this asset itself could be given away: its code, its certificates and registrations."""
        return frozenset(
            {
                self.id,
                *(one.number for one in self.title_certificates.values() if one.number is not None),
                *(one.registration_no for one in self.property_registrations.values()),
            }
        )

    @event(RiskMitigationAdded)
    def _risk_mitigation_added(self, contract: Code, cover: RiskCover) -> None:
        self.risk_covers = {**self.risk_covers, cover.cover: HeldCover(contract=contract, cover=cover)}

    class RiskMitigationReleased(AssetState.Event):
        """A cover was given back, replaced or paid out."""

        TOPIC: ClassVar[str] = "asset.risk_mitigation_released"
        TITLE: ClassVar[str] = "解除风险保障"
        FACT: ClassVar[bool] = True
        cover: Code = Field(title="风险保障编号")
        release: RiskCoverRelease = Field(title="解除情况")

    def release_risk_cover(
        self, cover: str, release: RiskCoverRelease, at: Occasion, *, contract: str | None = None
    ) -> None:
        """Record that a cover holds no more: a fact (C4.8-01). Refused: NOT_FOUND; STEP_OUT_OF_ORDER when it was released before."""
        at.cite("C4.8-01")
        known = self.risk_covers.get(cover)
        if known is None or (contract is not None and known.contract != contract):
            raise refuse("NOT_FOUND", what=cover)
        if known.release == release:
            return
        if known.release is not None:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.8-01", step="riskCoverRelease", state="RELEASED")
        self.record(self.RiskMitigationReleased, at, cover=cover, release=release)

    @event(RiskMitigationReleased)
    def _risk_mitigation_released(self, cover: Code, release: RiskCoverRelease) -> None:
        held = self.risk_covers[cover].model_copy(update={"release": release})
        self.risk_covers = {**self.risk_covers, cover: held}
