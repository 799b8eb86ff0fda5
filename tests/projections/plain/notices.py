"""What the public may read (三(五), 四(五)): notices and announcements, and what still has to be made public."""

from __future__ import annotations

import re
from typing import Any

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """The board, what has to be published, and the matters behind."""
    board: Table = []
    sources: Table = []
    for code, story in streams(events, "procedure").items():
        board += notices_of(f"procedure-{code}", story)
        about = {"source": f"procedure-{code}", "title": hidden(story[0].data["title"])}
        about |= {"chain": story[0].data["chain"], "position": story[0].position}
        sources.append({"county": story[0].county} | about)
    for code, story in streams(events, "public_notice").items():
        board.append(announcement(f"public_notice-{code}", story))
    return {"public_notice": board, "notice_source": sources, "notice_task": tasks(events)}


def hidden(text: str) -> str:
    """The mobile numbers of these stories are not for the public."""
    return re.sub(r"1\d{10}", "***", text)


def place(posting: dict[str, Any]) -> dict[str, Any]:
    """Where and when a sheet was put up."""
    return {
        "role": posting["place"]["role"],
        "organization": posting["place"]["organization"],
        "location": hidden(posting.get("location", "")),
        "postedOn": posting["postedOn"],
    }


def blank(source: str, event: RecordedEvent) -> Row:
    """What every row has."""
    return {
        "county": event.county,
        "source": source,
        "step": "",
        "chain": None,
        "stage": None,
        "asset": None,
        "ends_on": None,
        "reckoning": None,
        "round": 1,
        "first_position": event.position,
        "position": event.position,
    }


def said_by_the_public(told: list[RecordedEvent], answers: list[RecordedEvent]) -> Row:
    """Objections with their answers; those without one are not shown with their words."""
    answered = {one.data["number"]: one for one in answers}
    filed = {one.data["objection"]["number"]: one.data["objection"] for one in told}
    pending = {n: one for n, one in filed.items() if n not in answered}
    return {
        "objections": len(filed),
        "open_objections": len(pending),
        "answers": [
            {
                "number": number,
                "text": hidden(filed[number]["text"]),
                "filedOn": filed[number]["filedOn"],
                "outcome": one.data["outcome"],
                "answer": hidden(one.data["answer"]),
                "resolvedOn": one.occurred_on.isoformat(),
            }
            for number, one in answered.items()
            if number in filed
        ],
        "pending": {
            str(number): {
                "text": hidden(one["text"]),
                "filedOn": one["filedOn"],
                "dueOn": one.get("dueOn", one["filedOn"]),
            }
            for number, one in pending.items()
        },
    }


def notices_of(source: str, story: list[RecordedEvent]) -> Table:
    """A row for each notice step that something was posted for."""
    steps = dict.fromkeys(one.data["step"] for one in story if name_of(one) == "notice_posted")
    return [one_notice(source, step, story) for step in steps]


def one_notice(source: str, step: str, story: list[RecordedEvent]) -> Row:
    """A notice: a return begins it anew with its next posting."""
    row: Row = {}
    opened = story[0].data
    objections: list[RecordedEvent] = []
    answers: list[RecordedEvent] = []
    for event in story:
        data, what = event.data, name_of(event)
        if what == "notice_posted" and data["step"] == step:
            posting, ends_on = data["posted"]["posting"], day(data["posted"].get("endsOn"))
            if not row:
                row = blank(source, event) | {
                    "step": step,
                    "notice": f"{source}:{step}",
                    "kind": "PROCEDURE",
                    "title": hidden(opened["title"]),
                    "chain": opened["chain"],
                    "unit": data["by"]["organization"],
                    "places": [],
                    "posted_on": event.occurred_on,
                    "suggestions": 0,
                }
            elif row["state"] == "RETURNED":
                row |= {
                    "round": row["round"] + 1,
                    "places": [],
                    "ends_on": None,
                    "posted_on": event.occurred_on,
                }
            row["places"] = [*row["places"], place(posting)]
            row["body"] = hidden(posting["text"])
            row["state"] = "PUBLISHED" if data["completes"] else "OPEN"
            if ends_on and (row["ends_on"] is None or ends_on > row["ends_on"]):
                row["ends_on"] = ends_on
        elif not row:
            continue
        elif what == "notice_completed" and data["step"] == step:
            row["state"] = "COMPLETED"
            row["ends_on"] = day(data["period"]["endsOn"]) if "period" in data else row["ends_on"]
        elif what == "objection_filed" and data["step"] == step:
            objections.append(event)
        elif what == "suggestion_filed":
            row["suggestions"] += 1
        elif what == "objection_resolved" and data["number"] in {
            one.data["objection"]["number"] for one in objections
        }:
            answers.append(event)
            row["state"] = "RETURNED" if step in data["reopened"] else row["state"]
        elif step in data.get("reopened", ()) or what == "amended":
            row["state"] = "RETURNED"
        elif what == "withdrawn":
            row["state"] = "WITHDRAWN"
        else:
            continue
        row["position"] = event.position
    return row | said_by_the_public(objections, answers)


def announcement(source: str, story: list[RecordedEvent]) -> Row:
    """An announcement: where it hangs, what the public says."""
    told, posting = story[0].data["announcement"], story[0].data["posting"]
    postings = [one.data["posting"] for one in story if "posting" in one.data]
    return (
        blank(source, story[0])
        | said_by_the_public(
            [one for one in story if name_of(one) == "objection_filed"],
            [one for one in story if name_of(one) == "objection_resolved"],
        )
        | {
            "notice": source,
            "kind": "ANNOUNCEMENT",
            "title": hidden(told["title"]),
            "body": hidden(posting["text"]),
            "stage": told["stage"],
            "asset": told.get("asset"),
            "unit": story[0].data["by"]["organization"],
            "places": [place(one) for one in postings],
            "posted_on": day(posting["postedOn"]),
            "state": "PUBLISHED",
            "suggestions": sum(name_of(one) == "suggestion_filed" for one in story),
            "position": story[-1].position,
        }
    )


# ---- what has to be made public (三(五)): the title, each contract, the use of income by each plan


def tasks(events: list[RecordedEvent]) -> Table:
    """A matter, since when it has to be public, by whom, and where it is."""
    found: dict[tuple[str, str, str], Row] = {}
    for event in events:
        kind, _, asset = event.stream.partition("-")
        data, what = event.data, name_of(event)
        if kind == "asset" and what == "ownership_confirmed":
            owners = [one["party"] for one in data["confirmation"]["owners"]]
            posted = good_notice(events, event, data["confirmation"].get("procedure"))
            found[asset, "OWNERSHIP", ""] = matter(event, owners, posted)
        elif kind == "asset" and what in {"leased", "operating_contract_signed"}:
            found[asset, "CONTRACT", data["terms"]["contract"]] = matter(
                event, [data["terms"]["signer"]], None
            )
        elif kind == "asset" and what == "income_distributed":
            paid = data[
                "distribution"
            ]  # by several holders, and in instalments: it is one plan, made public once
            known = found.setdefault((asset, "INCOME_USE", paid["plan"]), matter(event, [], None))
            if paid["holder"] not in known["units"]:
                known["units"] = [*known["units"], paid["holder"]]
                known["position"] = event.position
        elif kind == "public_notice" and what == "posted":
            about = data["announcement"]
            key = (about.get("asset", ""), about["stage"], about.get("reference", ""))
            if key in found and found[key]["notice"] is None:
                found[key] |= {"notice": event.stream, "posted_on": day(data["posting"]["postedOn"])}
                found[key]["position"] = event.position
    return [
        {"asset": asset, "stage": stage, "reference": reference} | row
        for (asset, stage, reference), row in found.items()
    ]


def matter(event: RecordedEvent, units: list[str], notice: str | None) -> Row:
    """What has to be made public since an event, by these units."""
    return {
        "county": event.county,
        "units": units,
        "since": event.occurred_on,
        "notice": notice,
        "posted_on": None if notice is None else event.occurred_on,
        "first_position": event.position,
        "position": event.position,
    }


def good_notice(events: list[RecordedEvent], at: RecordedEvent, procedure: str | None) -> str | None:
    """The notice of the title's own procedure that ended without objection, or was published, by then."""
    story = [one for one in events if one.stream == f"procedure-{procedure}" and one.position < at.position]
    good = [
        one
        for one in notices_of(f"procedure-{procedure}", story)
        if one["state"] in {"COMPLETED", "PUBLISHED"}
    ]
    return str(good[-1]["notice"]) if good else None
