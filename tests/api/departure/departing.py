"""A departing official in tests over HTTP: what is in care, the case, everybody's part in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.api.bodies import TOWNSHIP, VILLAGE, confirmation, custody, road
from tests.api.service import Service, new_code

SECOND_VILLAGE = "653022202201"
QUIET_VILLAGE = "653022202209"


SCAN = "5c" * 32
"""Digest of the scan of a signed list."""

KEY_OF = {
    VILLAGE: "village",
    SECOND_VILLAGE: "second_village",
    QUIET_VILLAGE: "quiet_village",
    TOWNSHIP: "clerk",
    "COUNTY_GOV": "clerk",
}
"""Whose credential acts for whom; for the county nobody's in these tests does."""


@dataclass
class Departure:
    """A case and the people in it."""

    service: Service
    assets: list[str]
    outgoing: str
    incoming: str
    supervisor: str
    path: str = ""
    digest: str = ""
    unit: str = VILLAGE
    day: str = "2023-01-31"
    """The day of the seal and of the signatures."""

    async def open(self, kind: str = "MANAGER", **changes: Any) -> dict[str, Any]:
        notice = {
            "person": self.outgoing,
            "kind": kind,
            "organization": VILLAGE,
            "reason": "TRANSFER",
            "departsOn": "2023-01-31",
            "successor": self.incoming,
        } | changes
        self.unit = notice["organization"]
        case = await self.service.write("/v1/departures", {"notice": notice}, "personnel")
        self.path = f"/v1/departures/{case['id']}"
        return case

    async def reconcile(self) -> None:
        await self.service.write(f"{self.path}/reconciliation", {"othersAgree": True})
        await self.service.write(f"{self.path}/reconciliation/completion", {})

    async def accept(self) -> None:
        await self.service.write(f"{self.path}/acceptance", {"acceptedBy": self.incoming}, KEY_OF[self.unit])

    async def seal(self) -> dict[str, Any]:
        sealed = await self.service.write(f"{self.path}/seal", {"occurredOn": self.day})
        self.digest = sealed["resource"]["sealed"]
        return sealed

    async def sign(
        self, role: str, person: str, organization: str, who: str | None = None, paper: str | None = SCAN
    ) -> Any:
        """A signature, on paper by the key of the signer's unit unless another is given."""
        body = {
            "role": role,
            "person": person,
            "organization": organization,
            "signedOn": self.day,
            "listSha256": self.digest,
            "paperSha256": paper,
        }
        return await self.service.post(f"{self.path}/signatures", body, who or KEY_OF[organization])

    async def all_signatures(self) -> None:
        for role, person, organization in (
            ("OUTGOING", self.outgoing, VILLAGE),
            ("INCOMING", self.incoming, VILLAGE),
            ("SUPERVISOR", self.supervisor, TOWNSHIP),
        ):
            assert (await self.sign(role, person, organization)).status_code == 201

    async def hand_over(self) -> dict[str, Any]:
        """From the open case to the completed one."""
        await self.reconcile()
        await self.accept()
        await self.seal()
        await self.all_signatures()
        return await self.service.write(f"{self.path}/completion", {})

    async def clearance(self) -> dict[str, Any]:
        return dict(await self.service.read(f"/v1/clearances/{self.outgoing}", "personnel"))


async def kept_asset(
    service: Service, person: str, duty: str = "MANAGER", unit: str = VILLAGE, on: str = "2022-01-01"
) -> str:
    """An asset that the person looks after."""
    asset = new_code()
    path = f"/v1/assets/{asset}"
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    confirmed = {"confirmation": TOWNSHIP_OWNS, "occurredOn": "2021-12-31"}
    await service.write(f"{path}/ownership-confirmations", confirmed, "office", version=1)
    kept = custody(person, duty) | TOWNSHIP_KEEPS | {"responsibleUnit": unit}
    await service.write(f"{path}/custody", {"custody": kept, "occurredOn": on}, version=2)
    return asset


TOWNSHIP_OWNS = confirmation("450000.00", TOWNSHIP) | {
    "ownerKind": "TOWNSHIP",
    "incomeRightHolders": [],
}


TOWNSHIP_KEEPS = {
    "custodian": TOWNSHIP,
    "firstResponsible": {"organization": TOWNSHIP, "position": "PRINCIPAL"},
}
"""What the custody table says of such a road."""


async def departure(service: Service, count: int = 3) -> Departure:
    outgoing, incoming = await service.person(VILLAGE), await service.person(VILLAGE)
    assets = [await kept_asset(service, outgoing) for _ in range(count)]
    return Departure(service, sorted(assets), outgoing, incoming, await service.person(TOWNSHIP))
