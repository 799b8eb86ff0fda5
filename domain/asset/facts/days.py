"""Days that events of an asset hold beside their forms, and that requests name by themselves: each with its bounds."""

from __future__ import annotations

from typing import Annotated

from domain.bounds import FactDay, NotAfter, NotBefore
from domain.values import BusinessDate

UseDay = Annotated[
    FactDay,
    NotBefore("its.card.completion_date", clause="C4.3-01"),
    NotBefore("its.card.acceptance.accepted_on", clause="C4.3-01"),
]
"""It came into use: completed and accepted before (C4.3-01)."""

ConsentDay = Annotated[BusinessDate, NotBefore("start"), NotAfter("today")]
"""The owners agreed; that it was before the change the decision judges by a code of its own (CONSENT_AFTER_FACT)."""

ContractEndDay = Annotated[FactDay, NotBefore("its.contracts[contract].terms.starts_on", clause="C4.3-15")]
"""A contract ended: not before it began."""

HoldoverDay = Annotated[FactDay, NotBefore("its.contracts[contract].terms.ends_on", days=1, clause="C4.3-15")]
"""The operator stays on: after the last day of the term."""

ProceedsDay = Annotated[FactDay, NotBefore("its.disposals[disposal].approval.approved_on", clause="C4.12-07")]
"""The price of a disposal came in: not before it was approved (a deposit may come before the sale)."""

FilingDay = Annotated[FactDay, NotBefore("its.confirmed_on", clause="C4.5-06")]
"""The title was filed: not before it was confirmed."""

CertificateAnswerDay = Annotated[
    FactDay, NotBefore("its.title_certificates[certificate].applied_on", clause="C4.3-09")
]
"""The natural-resources bureau answered: not before it was asked."""
