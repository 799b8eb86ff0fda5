"""Request bodies the API tests send: one asset's life, in the clothes of the interface."""

from __future__ import annotations

from typing import Any

VILLAGE = "653022202208"
TOWNSHIP = "653022202000"
OTHER_VILLAGE = "653022201201"
OTHER_TOWNSHIP = "653022201000"


def card(**changes: Any) -> dict[str, Any]:
    """A production line that a department built in a village."""
    return {
        "assetName": "核桃加工生产线",
        "assetContent": "脱皮清洗烘干生产线一套",
        "assetClass": "OPERATING",
        "assetType": "PROCESSING",
        "completionDate": "2021-06-30",
        "usefulLifeYears": 10,
        "quantity": "1",
        "unitOfMeasure": "套",
        "originalValue": "1000000.00",
        "fundingLines": [
            {"source": "FISCAL_DEV", "amount": "600000.00", "allocatedOn": "2020-12-01"},
            {"source": "AID_XJ", "amount": "400000.00", "allocatedOn": "2020-12-01"},
        ],
        "location": VILLAGE,
        "projectName": "核桃加工项目",
        "implementer": "COMMERCE",
        "implementerKind": "DEPARTMENT",
        "fundsPaidTo": "DEPARTMENT",
        "acceptance": {"result": "PASSED", "acceptedOn": "2021-07-10", "documentNo": "验字001"},
    } | changes


def road(**changes: Any) -> dict[str, Any]:
    """A village road that the township built."""
    return {
        "assetName": "村道",
        "assetContent": "硬化道路",
        "assetClass": "PUBLIC_WELFARE",
        "subclass": "INFRASTRUCTURE",
        "assetType": "ROAD",
        "completionDate": "2020-01-01",
        "usefulLifeYears": 15,
        "quantity": "1.5",
        "unitOfMeasure": "公里",
        "originalValue": "450000.00",
        "fundingLines": [{"source": "FISCAL_DEV", "amount": "450000.00", "allocatedOn": "2019-03-01"}],
        "location": VILLAGE,
        "implementer": TOWNSHIP,
        "implementerKind": "TOWNSHIP",
        "fundsPaidTo": "TOWNSHIP",
        "acceptance": {"result": "PASSED", "acceptedOn": "2020-01-20", "documentNo": "验字002"},
    } | changes


def confirmation(value: str = "1000000.00", owner: str = VILLAGE) -> dict[str, Any]:
    """The village owns it and has its income."""
    share = [{"party": owner, "amount": value}]
    return {
        "owners": share,
        "ownerKind": "VILLAGE",
        "incomeRightHolders": share,
        "ownershipBasis": "单独到村的产业项目",
        "incomeRightBasis": "用于壮大村集体经济",
        "verificationBasis": "竣工验收",
    }


def transfer(code: str = "T1") -> dict[str, Any]:
    """From the department to the village."""
    return {
        "transfer": code,
        "deliverer": "COMMERCE",
        "receiver": VILLAGE,
        "initiatedOn": "2021-08-01",
        "items": [{"item": "1", "name": "设备"}, {"item": "2", "name": "竣工资料"}],
    }


def terms(contract: str = "L1", **changes: Any) -> dict[str, Any]:
    """A lease of the production line."""
    return {
        "contract": contract,
        "mode": "LEASED",
        "operator": {"operator": "OP-1", "name": "核桃合作社"},
        "signedOn": "2021-09-01",
        "startsOn": "2021-09-02",
        "endsOn": "2024-09-01",
        "signer": VILLAGE,
        "clauses": {
            "responsibility": "承租方负责经营",
            "target": "年加工 200 吨",
            "income": "年租金三万元",
            "mode": "租赁",
            "term": "三年",
            "incomeDistribution": "归村集体",
            "riskControl": "保证金一万元",
            "custody": "承租方负责日常管护",
            "rewardPenalty": "逾期按日加收",
        },
        "decisionDocument": "村代会〔2021〕2号",
        "annualIncome": "30000.00",
    } | changes


def custody(person: str, duty: str = "MANAGER") -> dict[str, Any]:
    """The village keeps it; one person is named."""
    return {
        "custodian": VILLAGE,
        "responsibleUnit": VILLAGE,
        "duties": [{"person": person, "duty": duty}],
        "ruleDocument": "管护制度",
    }
