"""A refusal at the terminal: in both languages, in the words of the county that the command works on."""

from __future__ import annotations

from domain.refusals import Refusal
from domain.regulation import Regulation, RegulationInvalid
from service.exit_codes import CommandFailed, ExitCode
from service.settings import Settings


def refused(settings: Settings, refusal: Refusal, exit_code: ExitCode = ExitCode.REFUSED) -> CommandFailed:
    """What the command fails with: `English (中文) [CODE 第四条：its words]`, and so it ends."""
    said = _in_county_words(settings, refusal)
    ground = "" if said.article is None else f" {said.article.id}：{said.quote}"
    return CommandFailed(f"{said.detail_en} ({said.detail_zh}) [{said.code}{ground}]", exit_code)


def _in_county_words(settings: Settings, refusal: Refusal) -> Refusal:
    """The service's own words where the county's data cannot be read: that is told by other commands."""
    try:
        return Regulation.load(settings.policy_dir, settings.county).wording.said(refusal)
    except RegulationInvalid:
        return refusal
