"""Operating contracts of an asset: signed, changed with the owners' consent, ended, held over (四(七), 四(十一), T6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.contract import Contract, ContractTerms, check_terms
from domain.asset.facts.days import ConsentDay, ContractEndDay, HoldoverDay
from domain.asset.facts.platforms import OPERATE
from domain.asset.facts.selection import SELECTED, SelectedOperator
from domain.asset.facts.texts import contract_carried_out
from domain.execution import Execution
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Name, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.procedure.proof import ProcedureProof
from domain.asset.state import AssetState


class AssetContracts(AssetState):
    """The part of `Asset` that knows who operates it and on what terms."""

    class Leased(AssetState.Event):
        """Let to an operator (租赁)."""

        TOPIC: ClassVar[str] = "asset.leased"
        TITLE: ClassVar[str] = "出租"
        terms: ContractTerms = Field(title="合同内容")
        procedure: Code | None = Field(default=None, title="所依据的程序")
        selected: SelectedOperator | None = Field(default=None, title="所依据的选定结果")

        def carries_out(self, it: AssetState) -> Execution:
            """The terms that were decided on."""
            return _carried_out(it, self.terms)

    class OperatingContractSigned(AssetState.Event):
        """An operating contract of another mode than lease: contracted, entrusted, joint operation, equity …"""

        TOPIC: ClassVar[str] = "asset.operating_contract_signed"
        TITLE: ClassVar[str] = "签订经营合同"
        terms: ContractTerms = Field(title="合同内容")
        procedure: Code | None = Field(default=None, title="所依据的程序")
        selected: SelectedOperator | None = Field(default=None, title="所依据的选定结果")

        def carries_out(self, it: AssetState) -> Execution:
            """The terms that were decided on."""
            return _carried_out(it, self.terms)

    def must_be_offered(self, owner: str, mode: str, at: Occasion) -> None:
        """The asset may be let by one of its owners in such a way, so that an operator may be looked for (C4.7-05).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; SIGNER_NOT_OWNER;
        FIELD_INVALID for a way in which nobody is chosen; MODE_NOT_ALLOWED_FOR_CLASS.
        """
        self._allow("CONTRACT", at)
        at.require(owner in self._owner_parties, "SIGNER_NOT_OWNER", signer=owner)
        row = at.rules.operation_mode(mode)
        if row is None or not row.contract:
            raise refuse("FIELD_INVALID", clause="C4.7-05", field="announcement.mode", value=mode)
        at.require(
            at.rules.mode_allowed(self.card.asset_class, mode),
            "MODE_NOT_ALLOWED_FOR_CLASS",
            mode=mode,
            assetClass=self.card.asset_class,
        )

    def sign_contract(
        self,
        terms: ContractTerms,
        at: Occasion,
        *,
        proof: ProcedureProof | None = None,
        selected: SelectedOperator | None = None,
    ) -> None:
        """Put the asset into an operator's hands: `Leased` for mode LEASED, else `OperatingContractSigned` (T6).

        `proof`: of the procedure that decided on these very terms; without it only imported history is taken in.
        `selected`: the result of the selection that the terms name.

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS, ALREADY_EXISTS, AMOUNT_NOT_POSITIVE,
        CODE_UNKNOWN, MODE_NOT_ALLOWED_FOR_CLASS, MODE_ONLY_FOR_REVITALISATION, PLATFORM_SCOPE_EXCEEDED,
        SIGNER_NOT_OWNER, CONTRACT_CLAUSE_MISSING, OPERATION_TERMS_MISSING, LEASE_TERM_EXCEEDS_20Y, DECISION_REQUIRED,
        CONTRACT_OVERLAP, CUSTODIAN_REQUIRED, RIGHT_OVERLAP, PLAN_HASH_MISMATCH, CO_OWNER_CONSENT_REQUIRED,
        OPERATOR_NOT_SELECTED, RENT_BELOW_BID.
        """
        self._allow("CONTRACT", at)
        known = self.contracts.get(terms.contract)
        if known is not None:
            if known.terms == terms:
                return
            raise refuse("ALREADY_EXISTS", what=terms.contract)
        check_terms(
            terms,
            self.card,
            owners=self._signers(terms, at),
            existing=self.contracts.values(),
            to_be_revived=self.to_be_revived,
            at=at,
        )
        self._must_have_custodian(terms.mode, at)
        if any(one.right == "USE" and one.meets(terms.starts_on, terms.ends_on) for one in self.rights):
            raise refuse("RIGHT_OVERLAP", field="USE")
        signed = self.Leased if terms.mode == "LEASED" else self.OperatingContractSigned
        if _with_operator(terms, at):
            self._must_be_decided(signed.TOPIC, terms, proof, selected, at)
        at.warn("NOTICE_MISSING", step="operatingContract")
        procedure = None if proof is None else proof.procedure
        self.record(signed, at, terms=terms, procedure=procedure, selected=selected)

    def enders_of(self, contract: str, day: date) -> tuple[str, ...]:
        """Who ends a contract on a day: its signer; of one that a platform signed the platform, while it may operate, and the owners.

        Of a contract there is not: the owners.
        """
        owners = tuple(share.party for share in self.owners)
        known = self.contracts.get(contract)
        if known is None or known.terms.signer in owners:
            return owners if known is None else (known.terms.signer,)
        operating = {one.company for one in self.platforms if one.covers(day) and OPERATE in one.scopes}
        return (*owners, *sorted(operating & {known.terms.signer}))

    def _signers(self, terms: ContractTerms, at: Occasion) -> frozenset[str]:
        """Who may sign on that day: the owners, and platforms that are authorised to operate (C4.7-13).

        Refused: PLATFORM_SCOPE_EXCEEDED for a platform that is authorised for something else.
        """
        there = [one for one in self.platforms if one.covers(at.on)]
        operating = frozenset(one.company for one in there if OPERATE in one.scopes)
        beyond = terms.signer in {one.company for one in there} - operating
        at.require(not beyond, "PLATFORM_SCOPE_EXCEEDED", clause="C4.7-13", action=OPERATE)
        return self._owner_parties | operating

    def _must_be_decided(
        self,
        fact: str,
        terms: ContractTerms,
        proof: ProcedureProof | None,
        selected: SelectedOperator | None,
        at: Occasion,
    ) -> None:
        """The owner has decided on these very terms by the chain for such an asset (C4.11-01, C4.7-05, C4.7-12, P34).

        What the procedure was opened for is the opener's word; whose asset it is and of what scope is not.
        """
        at.cite("C4.11-01")
        kind, scope = self.owner_kind, self.card.project_scope
        chains = at.rules.chains_of(fact, kind, scope, to_be_revived=self.to_be_revived)
        if proof is None:
            at.refuse("DECISION_REQUIRED", missing=["procedure"])
            return
        chain = next((one for one in chains if one.code == proof.chain), None)
        steps = () if chain is None else chain.leading_to(fact, kind, scope)
        if any(SELECTED in step.facts for step in steps):
            self._must_be_selected(terms, selected, at)
        decided = contract_carried_out(self.id, terms)
        at.require(
            proof.subject_sha256 in decided.digests,
            "PLAN_HASH_MISMATCH",
            clause="C4.11-01",
            missing=["procedure"],
        )
        if chain is None:
            at.refuse("DECISION_REQUIRED", missing=[one.code for one in chains])
            return
        for step in steps:
            at.require(proof.done_by(step.code, at.on), "DECISION_REQUIRED", missing=[step.code])
            if step.decides:
                agreed = proof.units.get(step.code, ())
                absent = sorted(self._owner_parties - set(agreed))
                at.require(
                    self._enough(agreed, at), "CO_OWNER_CONSENT_REQUIRED", missing=absent, owners=absent
                )

    def _must_be_selected(
        self, terms: ContractTerms, selected: SelectedOperator | None, at: Occasion
    ) -> None:
        """The operator is the one whom a selection chose for just this, and the selection has led to no other contract (C4.7-05)."""
        at.cite("C4.7-05")
        missing = ["terms.selection"] if selected is None else selected.unlike(self.id, terms, at.on)
        others = (one.terms for code, one in self.contracts.items() if code != terms.contract)
        used = any(one.selection == terms.selection for one in others if one.selection is not None)
        at.require(
            not missing and not used,
            "OPERATOR_NOT_SELECTED",
            missing=missing or ["terms.selection"],
            operator=terms.operator.name,
        )
        if selected is not None:
            selected.must_be_reached(terms, at)

    def _must_have_custodian(self, mode: str, at: Occasion) -> None:
        """Own operation needs a person who keeps the asset from day to day (C4.3-16)."""
        row = at.rules.operation_mode(mode)
        if row is not None and row.custodian_required:
            at.cite("C4.3-16")
            named = self.custody is not None and self.custody.duties
            at.require(named, "CUSTODIAN_REQUIRED", missing=["custody.duties"])

    @event(Leased)
    def _leased(self, terms: ContractTerms) -> None:
        self.contracts = {**self.contracts, terms.contract: Contract(terms=terms)}
        self.user_right_holder = terms.operator.operator

    @event(OperatingContractSigned)
    def _operating_contract_signed(self, terms: ContractTerms) -> None:
        self.contracts = {**self.contracts, terms.contract: Contract(terms=terms)}
        self.user_right_holder = terms.operator.operator

    class OperatingContractChanged(AssetState.Event):
        """Operator, mode or terms of a running contract changed with the owner's consent."""

        TOPIC: ClassVar[str] = "asset.operating_contract_changed"
        TITLE: ClassVar[str] = "变更经营合同"
        terms: ContractTerms = Field(title="变更后合同内容")
        consent_document: Name | None = Field(default=None, title="所有权人同意文号")
        consented_on: ConsentDay | None = Field(default=None, title="所有权人同意日期")
        consented_by: tuple[Code, ...] = Field(title="同意的所有权人")
        procedure: Code | None = Field(default=None, title="所依据的程序")
        selected: SelectedOperator | None = Field(default=None, title="所依据的选定结果")

        def carries_out(self, it: AssetState) -> Execution:
            """The terms that were decided on."""
            return _carried_out(it, self.terms)

    def change_contract(
        self,
        terms: ContractTerms,
        at: Occasion,
        *,
        proof: ProcedureProof | None = None,
        selected: SelectedOperator | None = None,
    ) -> None:
        """Change a running contract by the procedure that decided on the new terms: the owners' consent (C4.11-03, P34).

        `proof`, `selected`: as for signing. Own operation that stays own operation chooses nobody and needs none.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when the contract has ended; OWNER_CONSENT_REQUIRED without a procedure;
        CONSENT_AFTER_FACT when the owners decided later than the change; CO_OWNER_CONSENT_REQUIRED when owners with too
        small a part did; OPERATOR_NOT_SELECTED, also for a longer term on the selection of before; DECISION_REQUIRED,
        PLAN_HASH_MISMATCH; RENT_BELOW_BID, also of a rent that is lowered on the selection of before; and whatever new terms are refused with: AMOUNT_NOT_POSITIVE, CODE_UNKNOWN,
        MODE_NOT_ALLOWED_FOR_CLASS, MODE_ONLY_FOR_REVITALISATION, PLATFORM_SCOPE_EXCEEDED, SIGNER_NOT_OWNER,
        CONTRACT_CLAUSE_MISSING, OPERATION_TERMS_MISSING, LEASE_TERM_EXCEEDS_20Y, CONTRACT_OVERLAP.
        """
        at.cite("C4.11-03")
        self._allow("CHANGE_CONTRACT", at)
        contract = self._open_contract(terms.contract)
        if terms == contract.terms:
            return
        others = [one for code, one in self.contracts.items() if code != terms.contract]
        check_terms(
            terms,
            self.card,
            owners=self._signers(terms, at),
            existing=others,
            to_be_revived=self.to_be_revived or terms.mode == contract.terms.mode,
            at=at,
        )
        chosen = any(_with_operator(one, at) for one in (terms, contract.terms))
        agreed = self._consent_to(terms, contract.terms, proof, selected, at) if chosen else ()
        self.record(
            self.OperatingContractChanged,
            at,
            terms=terms,
            consented_on=None if proof is None else max(proof.completed_on.values(), default=None),
            consented_by=agreed,
            procedure=None if proof is None else proof.procedure,
            selected=selected,
        )

    def _consent_to(
        self,
        terms: ContractTerms,
        before: ContractTerms,
        proof: ProcedureProof | None,
        selected: SelectedOperator | None,
        at: Occasion,
    ) -> tuple[str, ...]:
        """Owners that decided on new terms, before they are changed; none where history has no procedure (C4.11-03)."""
        at.require(proof is not None, "OWNER_CONSENT_REQUIRED", missing=["procedure"])
        if proof is None:
            return ()
        decided_on = max(proof.completed_on.values(), default=at.on)
        at.require(decided_on <= at.on, "CONSENT_AFTER_FACT", consentedOn=decided_on)
        self._must_be_decided(self.OperatingContractChanged.TOPIC, terms, proof, selected, at)
        longer = terms.ends_on > before.ends_on and terms.selection == before.selection
        at.require(
            not longer or terms.selection is None,
            "OPERATOR_NOT_SELECTED",
            missing=["terms.selection"],
            operator=terms.operator.name,
        )
        return tuple(sorted({unit for units in proof.units.values() for unit in units} & self._owner_parties))

    @event(OperatingContractChanged)
    def _operating_contract_changed(self, terms: ContractTerms) -> None:
        changed = self.contracts[terms.contract].model_copy(update={"terms": terms})
        self.contracts = {**self.contracts, terms.contract: changed}
        self.user_right_holder = terms.operator.operator

    class OperatingContractEnded(AssetState.Event):
        """A contract ran out or was terminated."""

        TOPIC: ClassVar[str] = "asset.operating_contract_ended"
        TITLE: ClassVar[str] = "经营合同终止"
        FACT: ClassVar[bool] = True
        contract: Code = Field(title="合同编号")
        ended_on: ContractEndDay = Field(title="合同终止日期")
        outcome: Literal["EXPIRED", "TERMINATED"] = Field(title="合同终止方式")
        reason: Text = Field(title="终止原因")

    def end_contract(
        self,
        contract: str,
        ended_on: date,
        outcome: Literal["EXPIRED", "TERMINATED"],
        reason: str,
        at: Occasion,
    ) -> None:
        """End a contract: a fact, dated not before its start and not in the future.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_FOUND; STEP_OUT_OF_ORDER when
        it has ended already; DATE_ORDER for an expiry before its term is over.
        """
        at.cite("C4.3-15")
        self._allow("END_CONTRACT", at)
        current = self._open_contract(contract)
        if outcome == "EXPIRED" and ended_on < current.terms.ends_on:
            raise refuse("DATE_ORDER", clause="C4.3-15", earlier="endsOn", later="endedOn")
        self.record(
            self.OperatingContractEnded,
            at,
            contract=contract,
            ended_on=ended_on,
            outcome=outcome,
            reason=reason,
        )

    @event(OperatingContractEnded)
    def _operating_contract_ended(
        self, contract: Code, ended_on: BusinessDate, outcome: Literal["EXPIRED", "TERMINATED"]
    ) -> None:
        ended = self.contracts[contract].model_copy(update={"state": outcome, "ended_on": ended_on})
        self.contracts = {**self.contracts, contract: ended}
        if not self._operated:
            self.user_right_holder = self._using_owner

    class HoldoverStarted(AssetState.Event):
        """The term ran out, the operator stayed and the owner did not object (民法典 734)."""

        TOPIC: ClassVar[str] = "asset.holdover_started"
        TITLE: ClassVar[str] = "合同到期继续使用"
        FACT: ClassVar[bool] = True
        contract: Code = Field(title="合同编号")
        since: HoldoverDay = Field(title="继续使用起始日期")

    def start_holdover(self, contract: str, since: date, at: Occasion) -> None:
        """Record that an operator holds over after the end of the term: a fact.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_FOUND; STEP_OUT_OF_ORDER when
        the contract has ended.
        """
        at.cite("C4.3-15")
        self._allow("END_CONTRACT", at)
        current = self._open_contract(contract)
        if current.state == "HOLDOVER":
            return
        self.record(self.HoldoverStarted, at, contract=contract, since=since)

    @event(HoldoverStarted)
    def _holdover_started(self, contract: Code) -> None:
        held = self.contracts[contract].model_copy(update={"state": "HOLDOVER"})
        self.contracts = {**self.contracts, contract: held}

    def _open_contract(self, contract: str) -> Contract:
        current = self.contracts.get(contract)
        if current is None:
            raise refuse("NOT_FOUND", what=contract)
        if not current.open:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.3-15", step="operatingContract", state=current.state)
        return current


def _with_operator(terms: ContractTerms, at: Occasion) -> bool:
    """Whether the asset is run by somebody with whom its owner has a contract, and not by the owner itself."""
    mode = at.rules.operation_mode(terms.mode)
    return mode is not None and mode.contract


def _carried_out(it: AssetState, terms: ContractTerms) -> Execution:
    """The terms that were decided on: the signer's, and of a platform's contract the owner's that it signs for."""
    done = contract_carried_out(it.id, terms)
    platform = terms.signer in {one.company for one in it.platforms}
    return replace(done, unit=it.owners[0].party) if platform and it.owners else done
