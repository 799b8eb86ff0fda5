"""Examples of request bodies, each made of the examples of its fields: what has to be given, and nothing more.

A field's own example stands where its type does (`Fen`, `BusinessDate`); a code's is one of the table it stands in or of
what it names; a text's is the title of its field. So every example has the form that its operation asks for, whatever
is added to a body later, and where the county knows the codes it may be sent as it is.
"""

from __future__ import annotations

from typing import Any, Final

from domain.procedure.subject import digest_of

Schema = dict[str, Any]

NO_CONTENT: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The digest of a file without content."""
LISTED: Final = {
    "archive-kinds": "ACCEPTANCE",
    "asset-classes": "OPERATING",
    "asset-subclasses": "INFRASTRUCTURE",
    "asset-types": "PROCESSING",
    "chains": "A5",
    "agent-principals": "VILLAGE_COLLECTIVE",
    "platform-scopes": "OPERATE",
    "disposal-routes": "VILLAGE",
    "external-systems": "SYS_STATE_ASSET",
    "fund-sources": "FISCAL_DEV",
    "herd-changes": "BIRTH",
    "income-uses": "PUBLIC_WELFARE",
    "operation-modes": "LEASED",
    "positions": "VILLAGE_PARTY_SECRETARY",
    "posting-rules": "INTEREST",
    "priority-households": "SUDDEN_HARDSHIP",
    "project-scopes": "SINGLE_VILLAGE",
    "risk-kinds": "IDLE",
    "revitalisation-outcomes": "REACTIVATE",
    "subjects": "INCOME_PLAN",
    "unit-rule-topics": "USE",
    "units-of-measure": "套",
    "violations": "DAMAGE",
}
"""Table → a code that it lists."""
NAMED: Final = {
    "asset": "A-0001",
    "division": "653022202208",
    "organization": "653022202000",
    "person": "P-0001",
    "policy_override": "EX-0001",
    "procedure": "PR-0001",
}
"""Kind of what a code names → the code of one that the examples speak of."""

_NOTE: Final = "taizhang/653022\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nindex 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— taizhang/653022 AAAAAAAA\n"
_WITNESS: Final = "witness.example.cn+61fc8db5+BD+22At/6JG+9SgpmG5mqL6r0FwdQwHcEpnZPGpvRU+/"
_CARD: Final[Schema] = {
    "usefulLifeYears": 10,
    "fundingLines": [{"source": "FISCAL_DEV", "amount": "1000000.00", "allocatedOn": "2020-12-01"}],
    "acceptance": {"result": "PASSED", "acceptedOn": "2021-06-18", "documentNo": "验收文号"},
}
SAID: Final[dict[str, Schema]] = {
    "Appraisal": {"agency": "评估机构", "agencyLicence": "资质编号"},
    "Approval": {"approver": NAMED["organization"], "approverLevel": "TOWNSHIP"},
    "ContractTerms": {
        "endsOn": "2024-06-16",
        "signer": NAMED["division"],
    },
    "CountyDecision": {"documentNo": "县政府决定文号"},
    "CreateKey": {"organization": NAMED["organization"]},
    "CreateEventFeed": {"feed": "county-finance", "label": "县财政一体化"},
    "AcknowledgeEvents": {"position": 0},
    "CreateWebhookEndpoint": {"url": "https://receiver.example.cn/taizhang"},
    "Custody": {"custodian": NAMED["division"], "responsibleUnit": NAMED["division"]}
    | {"duties": [{"person": NAMED["person"], "duty": "MANAGER"}]},
    "DepartureAudit": {"auditor": "P-0002", "auditorOrganization": "AUDIT", "cutOff": "2021-09-30"},
    "EndContract": {"endedOn": "2024-06-16"},
    "StartHoldover": {"since": "2024-06-17"},
    "DisposalProposal": {"decisionDocument": "民主决策文号"},
    "EntrustHouseholdAssets": {"endsOn": "2024-06-16"},
    "ExternalEntry": {"refNo": "系统回执编号"},
    "ForwardDisposal": {"level": "TOWNSHIP"},
    "HistoryCutOver": {"day": "2099-12-31"},
    "HouseholdAssetCard": {"assetType": "LIVESTOCK", "unitOfMeasure": "头"}
    | {"fundingLines": _CARD["fundingLines"], "household": "H-0001"},
    "IncomeDistribution": {"holder": NAMED["division"]},
    "IncomePlanContent": {"village": NAMED["division"], "year": 2021},
    "ExecuteIncomePlan": {"procedure": "PR-1"},
    "MaintenanceContent": {"village": NAMED["division"]},
    "MaintenanceLine": {"amount": "1000.00"},
    "PayMaintenance": {"procedure": "PR-1"},
    "MaintenancePayment": {"amount": "1000.00", "voucherNo": "付字001"},
    "InabilityDeclaration": {"unit": NAMED["division"], "year": 2021, "cost": "1000.00"},
    "InabilityVerification": {"verifiedOn": "2021-10-20"},
    "GuaranteeApproval": {"amount": "1000.00", "budgetYear": 2022, "approvedOn": "2021-10-25"},
    "GuaranteePayment": {"amount": "1000.00", "paidOn": "2021-10-30"},
    "ResultStatement": {"year": 2020, "netProfit": "1000.00"},
    "ResultRestatement": {"netProfit": "1000.00", "restatedOn": "2022-10-20"},
    "IncentiveContent": {"village": NAMED["division"], "year": 2021},
    "IncentiveLine": {"amount": "1000.00"},
    "PayIncentive": {"procedure": "PR-1"},
    "ReliefContent": {"village": NAMED["division"]},
    "ReliefLine": {"cause": "ILLNESS", "amount": "1000.00", "household": "H-0001"},
    "PayRelief": {"procedure": "PR-1"},
    "PostContent": {"village": NAMED["division"], "monthlyWage": "1000.00", "createdOn": "2021-08-01"},
    "HolderAppointment": {
        "household": "H-0001",
        "wage": "100.00",
        "since": "2021-10-01",
        "until": "2022-09-30",
        "announcedOn": "2021-09-30",
    },
    "MonthAssessment": {
        "household": "H-0001",
        "month": "2021-10",
        "wage": "100.00",
        "assessedOn": "2021-11-01",
    },
    "HolderRelease": {"household": "H-0001", "lastDay": "2021-11-10"},
    "PaymentReturn": {"amount": "1000.00", "lines": [{"line": 1, "amount": "1000.00"}]},
    "PlatformAuthorisation": {"company": "GZ-0001"},
    "DisposalConsent": {"owner": NAMED["division"]},
    "ConsentAnswer": {"owner": NAMED["division"], "counterpart": "GZ-0001", "decidedOn": "2021-10-10"},
    "Sublease": {"startsOn": "2021-10-11", "endsOn": "2022-10-10", "signedOn": "2021-10-11"},
    "EndPlatformAuthorisation": {"company": "GZ-0001"},
    "IncentivePayment": {"amount": "1000.00", "paidOn": "2021-10-30", "voucherNo": "付字002"},
    "Bid": {"receivedOn": "2021-10-10"},
    "ClawbackReceipt": {"amount": "1000.00", "receivedOn": "2021-10-30"},
    "TagPriorityHousehold": {"village": NAMED["division"]},
    "PriorityTagEnd": {"until": "2021-09-30"},
    "PlanLine": {"use": "COLLECTIVE_ECONOMY", "amount": "1000.00"},
    "PlanSource": {"amount": "1000.00"},
    "PlanPayment": {"amount": "1000.00", "lines": [{"line": 1, "amount": "1000.00"}]},
    "HandPosting": {"cause": "INTEREST", "postedOn": "2021-10-20"},
    "SubAccountOpening": {"openedOn": "2021-08-10"},
    "MonthClosing": {"month": "2021-10", "closedOn": "2021-11-10"},
    "InspectionRecord": {"organ": "AUDIT"},
    "InterimCustodian": {"appointedBy": NAMED["organization"], "until": "2021-08-10"},
    "IssueClearance": {"issuedBy": "COUNTY_GOV"},
    "ManagementRule": {"owner": NAMED["division"]},
    "NoticePlace": {"organization": NAMED["organization"], "role": "TOWNSHIP"},
    "Opinion": {"organization": NAMED["organization"]},
    "Posting": {"evidence": [NO_CONTENT], "location": "乡（镇）公示栏"},
    "QuantificationLine": {"township": NAMED["organization"], "village": NAMED["division"]},
    "QuantificationPlan": {"proposedBy": NAMED["organization"]},
    "OpenProcedure": {"procedure": "X-0001"},
    "ProcedureOpening": {
        "parties": [
            {"role": "TOWNSHIP", "organization": NAMED["organization"]},
            {"role": "PROJECT_VILLAGE", "organization": NAMED["division"]},
        ]
    },
    "PropertyRegistration": {"party": NAMED["division"], "registeredOn": "2021-10-20"},
    "OrderRectification": {"occurredOn": "2021-10-11"},
    "RaiseSupervisionFinding": {"occurredOn": "2021-10-10"},
    "RaiseAuditFinding": {"auditorOrganization": "AUDIT"},
    "RiskCover": {
        "beneficiary": NAMED["division"],
        "validTo": "2024-06-16",
        "ruleRef": "风险防控依据文号",
    },
    "OpenDisposalBatch": {"owner": NAMED["division"]},
    "SelectionAnnouncement": {"asset": "A-0002", "owner": NAMED["division"], "mode": "LEASED"},
    "ProceedsAllocation": {"use": "PROJECT", "allocatedOn": "2021-10-10"},
    "ProceedsReturn": {"returnedOn": "2021-10-20"},
    "RiskCoverRelease": {"releasedOn": "2024-06-16"},
    "RectificationVerification": {"verifiedOn": "2021-10-20"},
    "Rectification": {"dueOn": "2099-12-31"},
    "RegisterCard": _CARD,
    "RequestedParameterChange": {"parameter": "P01", "value": "100000.00", "effectiveFrom": "2099-01-01"},
    "ReviewSignature": {"department": "FINANCE"},
    "RevitalisationPlan": {"deadline": "2099-12-31"},
    "SealLedger": {"kind": "ASSET", "unit": NAMED["organization"], "year": 2021},
    "SignHandover": {"organization": NAMED["organization"], "paperSha256": NO_CONTENT},
    "Subject": {"kind": "INCOME_PLAN", "sha256": digest_of({})},
    "SucceedDivision": {"successor": "653022202209"},
    "Surplus": {"location": NAMED["division"]},
    "TitleCertificate": {"holder": NAMED["division"]},
    "TransferOffer": {"receiver": NAMED["division"]},
    "UnitRule": {"effectiveFrom": "2021-06-17"},
    "ViolationEstablishment": {"decidedBy": "AUDIT"},
    "Accountability": {"decidedBy": "AUDIT"},
    "WitnessCheckpoint": {"note": _NOTE, "key": _WITNESS},
}
"""Schema → what its example says beside what its fields alone would say, or instead of it: fields that the rules ask for
though the schema does not, days in their order, units that may do it."""

_BY_FORM: Final = {
    ("date", None): "2021-08-10",
    ("date-time", None): "2021-08-10T09:00:00+08:00",
    (None, "^[0-9]{6}$"): "653022",
    (None, "^[0-9a-f]{64}$"): NO_CONTENT,
    (None, "^N[0-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"): "N2653022MF12345676",
}


def give_examples(document: Schema) -> None:
    """Give every JSON body of the document an example, in place."""
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None:
                content["example"] = example_of(content["schema"], schemas)


def example_of(schema: Schema, schemas: dict[str, Schema], title: str = "") -> Any:
    """An example of what a schema describes; `title`: of the field that it describes."""
    title = schema.get("title", title)
    if "examples" in schema:
        return schema["examples"][0]
    if "x-table" in schema:
        return LISTED[schema["x-table"]]
    if "x-refers" in schema:
        return NAMED[schema["x-refers"]]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        example = example_of(schemas[name], schemas, title)
        return example | SAID[name] if name in SAID else example
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    alternatives = [
        one for key in ("anyOf", "oneOf") for one in schema.get(key, ()) if one.get("type") != "null"
    ]
    if alternatives:
        return example_of(alternatives[0], schemas, title)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: example_of(fields[name], schemas) for name in schema.get("required", ())}
        case "array":
            return [example_of(schema["items"], schemas, title)] * max(1, schema.get("minItems", 1))
        case "string":
            return _text(schema, title)
        case "integer" | "number":
            return int(max(1, schema.get("minimum", 1)))
        case "boolean":
            return False
        case _:
            return title


def _text(schema: Schema, title: str) -> str:
    pattern = schema.get("pattern")
    form = _BY_FORM.get((schema.get("format"), pattern))
    if form is not None:
        return form
    if pattern is None:
        return title
    if pattern.startswith("^("):
        return str(pattern[2:].partition("|")[0])
    return "X-0001"
