"""What units have in place (四(三)2, 五(三), 五(五)): rules by the day they take effect, task forces, the office, guidance given."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Table, day, name_of, streams

INCENTIVE = ("SUPPORTING_RULE", "SMALL_ASSET_INCENTIVE")
"""五(五): without a rule of its own a unit begins no pilot."""


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """Rules, task forces, members of the office, guidance."""
    found: dict[str, Table] = {"unit_rule": [], "task_force": [], "office_member": [], "guidance_record": []}
    for unit, story in streams(events, "organization").items():
        for name, rows in one_unit(story).items():
            found[name] += [{"county": story[0].county, "organization": unit} | row for row in rows]
    return found


def one_unit(story: list[RecordedEvent]) -> dict[str, Table]:
    """The rows of one unit."""
    return {
        "unit_rule": rules_of(story),
        "task_force": task_force_of(story),
        "office_member": [
            {
                "members": one.data["members"],
                "document_no": one.data["documentNo"],
                "named_on": one.occurred_on,
                "position": one.position,
            }
            for one in story
            if name_of(one) == "office_members_named"
        ][-1:],
        "guidance_record": [
            {
                "guidance": one.data["guidance"]["guidance"],
                "guided": one.data["guidance"]["guided"],
                "topic": one.data["guidance"]["topic"],
                "given_on": day(one.data["guidance"]["givenOn"]),
                "follow_up": one.data["guidance"].get("followUp"),
                "position": one.position,
            }
            for one in story
            if name_of(one) == "guidance_recorded"
        ],
    }


def rules_of(story: list[RecordedEvent]) -> Table:
    """A rule for each topic and day it takes effect, as it was adopted last; pilots are told at the rule they rest on."""
    adopted = {}
    for one in story:
        if name_of(one) == "rule_adopted":
            rule = one.data["rule"]
            adopted[rule.get("kind", "SUPERVISION_RULE"), rule["topic"], rule["effectiveFrom"]] = one
    rows = {
        key: {
            "kind": key[0],
            "topic": key[1],
            "title": one.data["rule"]["title"],
            "document_no": one.data["rule"]["documentNo"],
            "effective_from": day(key[2]),
            "pilot_since": None,
            "position": one.position,
        }
        for key, one in adopted.items()
    }
    for pilot in story:
        if name_of(pilot) == "incentive_pilot_enabled":
            there = {  # adopted by then, and in force on the day
                (rule.get("kind"), rule["topic"], rule["effectiveFrom"])
                for one in story
                if name_of(one) == "rule_adopted" and one.position < pilot.position
                for rule in [one.data["rule"]]
                if (rule.get("kind"), rule["topic"]) == INCENTIVE
                and rule["effectiveFrom"] <= pilot.occurred_on.isoformat()
            }
            if there:
                row = rows[max(there, key=lambda key: key[2])]  # type: ignore[index]
                row["pilot_since"] = pilot.occurred_on
                row["position"] = max(int(str(row["position"])), pilot.position)
    return list(rows.values())


def task_force_of(story: list[RecordedEvent]) -> Table:
    """The one that was established last, with each member's term as it was told last."""
    begun = [one for one in story if name_of(one) == "task_force_established"]
    if not begun:
        return []
    members = list(begun[-1].data["taskForce"]["members"])
    position = begun[-1].position
    for one in story:
        if name_of(one) == "task_force_member_changed" and one.position > begun[-1].position:
            told = one.data["member"]
            members = [it for it in members if (it["person"], it["since"]) != (told["person"], told["since"])]
            members.append(told)
            position = one.position
    force = begun[-1].data["taskForce"]
    return [
        {
            "document_no": force["documentNo"],
            "established_on": day(force["establishedOn"]),
            "members": members,
            "position": position,
        }
    ]
