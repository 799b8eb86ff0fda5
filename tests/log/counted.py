"""What the service has counted in this process, by the names under which an operator sees it."""

from __future__ import annotations

from service.metrics import exposition


def counted(name: str, county: str) -> float:
    """The value of a metric of a county; 0 where it was never counted."""
    line = f'{name}{{county="{county}"}} '
    text = exposition([], {"jumped": False, "gainedSeconds": 0, "behindLogSeconds": {}}, []).decode()
    return next((float(one.removeprefix(line)) for one in text.splitlines() if one.startswith(line)), 0.0)
