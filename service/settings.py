"""Settings: environment variables that begin with TAIZHANG_, all optional, read once at the start of a command."""

# Pydantic reads these annotations at run time: no `from __future__ import annotations` here.
import difflib
import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.algorithms.chosen import ChosenAlgorithms
from service.exit_codes import SettingsWrong
from service.shares import DEFAULT_CONNECTIONS

PREFIX: Final = "TAIZHANG_"
FOREIGN: Final = ("TAIZHANG_TEST_", "TAIZHANG_ENVIRONMENT_LOCKED")
"""Names that begin like ours and belong to the test suite and to bin/environment."""


class Settings(BaseSettings):
    """All settings of the service. An empty variable counts as not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 15 or newer to use instead of the embedded one, postgresql://user:password@host/db",
    )
    data: Path | None = Field(None, description="folder of the embedded database")
    keys: Path | None = Field(
        None, description="folder of the keys that sign checkpoints; with the data if not given"
    )
    masters: Path | None = Field(
        None,
        description="folder of the master keys of personal data, which no backup may hold; beside the keys if not given",
    )
    sealing: Literal["aes256gcm", "sm4gcm"] = Field(
        "aes256gcm", description="how personal data are sealed from now on; what is sealed says it itself"
    )
    security_log: Path | None = Field(
        None, description="folder of the security log, kept 180 days; beside the keys if not given"
    )
    database_connections: int = Field(
        DEFAULT_CONNECTIONS,
        ge=2,
        le=500,
        description="connections of a service to its database, shared out to commands, questions and the rest",
    )
    database_patience: float = Field(10.0, gt=0, le=600, description="seconds to wait for a connection")
    host: str = Field("127.0.0.1", min_length=1, description="address the HTTP interface listens on")
    port: int = Field(
        8080, ge=0, le=65535, description="port the HTTP interface listens on; 0 = any free one"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="addresses or networks of proxies whose X-Forwarded-For is believed, with commas between",
    )
    webhook_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="private networks that webhooks may be sent to, also without TLS, with commas between",
    )
    oidc_issuer: str | None = Field(
        None, description="identity provider that persons sign in at, exactly as it calls itself: https://…"
    )
    oidc_client_id: str | None = Field(None, description="what the identity provider knows this service by")
    oidc_client_secret: SecretStr | None = Field(
        None, description="secret of this service at the identity provider"
    )
    oidc_client_secret_file: Path | None = Field(
        None, description="file with that secret, readable by its owner only"
    )
    oidc_redirect_uri: str | None = Field(
        None, description="address of this service that the identity provider sends persons back to"
    )
    oidc_scope: str = Field(
        "openid profile",
        pattern=r"^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$",
        description="what is asked of the identity provider; groups may need a word of their own",
    )
    oidc_audience: str | None = Field(
        None, description="what access tokens of systems are made out to; without it they have none"
    )
    oidc_ca_file: Path | None = Field(
        None, description="certificates that the identity provider is known by, in place of the machine's"
    )
    separate_administrators: bool = Field(
        False,
        description="refuse, not only warn, when one person becomes two of OPERATOR, ADMIN and LOG_AUDITOR",
    )
    papers: str | None = Field(
        None,
        description="folder of the document store, or s3://bucket/prefix; with the data, or beside the keys, if not given",
    )
    papers_endpoint: str | None = Field(
        None, pattern=r"^https?://", description="address of the S3-compatible store; Amazon's if not given"
    )
    papers_region: str = Field("us-east-1", min_length=1, description="region of the bucket")
    papers_key_id: str | None = Field(None, description="access key of the S3-compatible store")
    papers_secret: SecretStr | None = Field(None, description="secret of that access key")
    papers_secret_file: Path | None = Field(
        None, description="file with that secret, readable by its owner only"
    )
    papers_largest: int = Field(64, ge=1, le=2048, description="MiB of the largest paper that is taken in")
    papers_in_sum: int = Field(512, ge=1, description="GiB of all papers of a county")
    papers_unnamed: int = Field(
        500, ge=1, le=100_000, description="most papers of one unit that no event names yet"
    )
    papers_unnamed_days: int = Field(
        30, ge=1, le=3650, description="days after which a paper is removed that no event names"
    )
    replaced_ledgers_days: int = Field(
        30, ge=1, le=3650, description="days for which a rebuild's replaced ledgers are kept"
    )
    idempotency_days: int = Field(
        30, ge=1, le=3650, description="days for which an Idempotency-Key is remembered with its answer"
    )
    county: str = Field(
        "653022", pattern=r"^[0-9]{6}$", description="county code (GB/T 2260) commands work on"
    )
    policy_dir: Path | None = Field(
        None, description="folder with policy data of further counties, one folder per county code"
    )
    algorithms: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="digest and signature that a county's log begins with and keeps: sha256+ed25519 or sm3+ed25519, for"
        " one county 653022=sm3+ed25519, with commas between; a log that was begun decides for itself if not given",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level that is logged"
    )

    @field_validator(
        "data",
        "keys",
        "masters",
        "papers_secret_file",
        "policy_dir",
        "security_log",
        "oidc_client_secret_file",
        "oidc_ca_file",
    )
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        return None if folder is None else folder.expanduser().absolute()

    @field_validator("papers")
    @classmethod
    def _folder_or_bucket(cls, place: str | None) -> str | None:
        if place is None or re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?", place):
            return place
        if "://" in place:
            raise ValueError("must be a folder or s3://bucket/prefix")
        return str(Path(place).expanduser().absolute())

    @field_validator("policy_dir")
    @classmethod
    def _there(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        return folder

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return url

    @field_validator("trusted_proxies", "webhook_networks", mode="before")
    @classmethod
    def _networks(cls, listed: object) -> object:
        if not isinstance(listed, str):
            return listed
        return tuple(str(ip_network(one.strip())) for one in listed.split(","))

    @field_validator("algorithms", mode="before")
    @classmethod
    def _known(cls, listed: object) -> object:
        if not isinstance(listed, str):
            return listed
        entries = tuple(one.strip() for one in listed.split(","))
        ChosenAlgorithms.parse(entries)
        return entries

    @property
    def chosen_algorithms(self) -> ChosenAlgorithms:
        """What `algorithms` says, by county."""
        return ChosenAlgorithms.parse(self.algorithms)

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, level: object) -> object:
        return level.lower() if isinstance(level, str) else level

    @classmethod
    def from_environment(cls) -> Self:
        """Settings from the process's environment; `SettingsWrong` names the variable that is wrong."""
        known = known_variables()
        for name in sorted(os.environ):
            if name.startswith(PREFIX) and name not in known and not name.startswith(FOREIGN):
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
                raise SettingsWrong(f"{name} is not a setting of Taizhang; {hint}")
        try:
            return cls()
        except ValidationError as wrong:
            first = wrong.errors(include_input=False, include_url=False)[0]
            name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else PREFIX
            raise SettingsWrong(f"{name} is wrong: {first['msg'].removeprefix('Value error, ')}.") from None


def known_variables() -> dict[str, str]:
    """Every variable's name with what it means, default in brackets, for the help texts."""
    return {
        f"{PREFIX}{name.upper()}": f"{field.description}"
        + ("" if field.default in (None, ()) else f" [{field.default}]")
        for name, field in Settings.model_fields.items()
    }
