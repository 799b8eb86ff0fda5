"""Provisional dates in what the API shows of an aggregate, by the calendar as it is known when the answer is given."""

from __future__ import annotations

from typing import Any

from domain.regulation.legal_clock import LegalClock, Reckoning


def dates_as_known(view: dict[str, Any], calendar: LegalClock) -> dict[str, Any]:
    """The same with every date that was recorded with `provisional` counted anew; a definite one has no `provisional`."""
    found = {name: _recounted(value, calendar) for name, value in view.items()}
    counted = view.get("provisional")
    if isinstance(counted, dict):
        deadline = calendar.deadline(Reckoning.model_validate(counted))
        found["dueOn" if "dueOn" in view else "endsOn"] = deadline.due_on.isoformat()
        if deadline.provisional is None:
            del found["provisional"]
    return found


def _recounted(value: Any, calendar: LegalClock) -> Any:
    if isinstance(value, list):
        return [_recounted(one, calendar) for one in value]
    return dates_as_known(value, calendar) if isinstance(value, dict) else value
