"""The verifier says that the events are proven as soon as they are, never sooner, and goes on to what was made of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from service.audit import verify
from tests.audit.packs import files_of, log_with, zipped
from tests.audit.test_tampering import INSIDERS, Case

MADE = {"figures", "workbook", "page"}
"""Kinds of what is wrong with what was made of the events."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def case(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Case]:
    async with log_with(module_database_url, tmp_path_factory.mktemp("packs")) as log:
        packed = await log.pack()
        yield Case(log, files_of(packed.path), await log.insider())


@pytest.mark.parametrize("change", INSIDERS)
def test_events_are_proven_where_only_what_was_made_of_them_is_wrong(case: Case, change: str) -> None:
    """And where an event, a proof or the index is wrong they are not."""
    make, kind = INSIDERS[change]
    stages: list[str] = []
    with pytest.raises(verify.Bad):
        verify.verify(zipped(case.insider.resigned(make(case))), say=stages.append)
    assert (verify.PROVEN in stages) == (kind in MADE)


def test_command_line_says_proven_first_and_then_good(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = tmp_path / "pack.zip"
    pack.write_bytes(zipped(case.files).getvalue())
    key = ["--key", str(case.insider.key.verifier)]
    assert verify.main([str(pack), *key]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == verify.PROVEN_WORDS
    assert second.startswith("GOOD 核验通过")
    assert verify.main([str(pack), *key, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["proven"], found["consistent"], found["good"]) == (True, True, True)


def test_nothing_is_proven_to_whoever_names_no_key(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = tmp_path / "pack.zip"
    pack.write_bytes(zipped(case.files).getvalue())
    assert verify.main([str(pack)]) == verify.UNPINNED_CODE
    assert "PROVEN 事件" not in capsys.readouterr().out
    assert verify.main([str(pack), "--json"]) == verify.UNPINNED_CODE
    assert json.loads(capsys.readouterr().out)["proven"] is False


def test_pack_that_does_not_follow_from_its_events_is_bad_and_its_events_are_proven(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = tmp_path / "pack.zip"
    key = ["--key", str(case.insider.key.verifier)]
    pack.write_bytes(zipped(case.insider.resigned(INSIDERS["a figure of the page"][0](case))).getvalue())
    assert verify.main([str(pack), *key]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == verify.PROVEN_WORDS
    assert said[1].startswith("BAD 核验不通过")
    assert "The events are proven" in said[1]
    assert verify.main([str(pack), *key, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["proven"] is True
    pack.write_bytes(
        zipped(case.insider.resigned(INSIDERS["an asset left out, the rest proved"][0](case))).getvalue()
    )
    assert verify.main([str(pack), *key]) == 1
    assert "roven" not in capsys.readouterr().out
