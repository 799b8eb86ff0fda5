"""Officials over HTTP: made, handed over, signing in with two factors, acting for the unit of the day, and out again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from service.admission import acting_for
from service.api.http.wrong_keys import WrongKeys
from service.clock import utc_now
from service.identity.lock_out import LockOut, _bounds
from service.identity.passwords import Passwords
from service.identity.sessions import IDLE, LONGEST
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, road
from tests.api.service import COUNTY, Service, new_code, running

POST = "VILLAGE_DIRECTOR"
NEW_PASSWORD = "Ulugqat-2026-Bahar"


class Clock:
    """The service's clock, which tests turn on: a one-time code is good for half a minute only."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def turn(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory, clock: Clock
) -> AsyncIterator[Service]:
    """The service with a folder of keys, on a clock that the tests turn."""
    keys: Path = tmp_path_factory.mktemp("keys")
    async with running(module_database_url, keys, clock=clock) as one:
        one.app.state.wrong_keys = WrongKeys(
            at_once=10_000
        )  # that guessing is slowed is shown by test_wrong_keys
        one.app.state.wrong_sign_ins = WrongKeys(at_once=10_000)
        quick = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        one.app.state.identities.officials.passwords = quick  # what is delivered is shown below
        yield one


class Somebody:
    """An official with an account, as a test knows him."""

    def __init__(self, service: Service, clock: Clock, person: str, handed_over: dict[str, Any]) -> None:
        self.service = service
        self.clock = clock
        self.person = person
        self.official = handed_over["official"]
        self.login = handed_over["login"]
        self.password = handed_over["password"]
        self.totp = pyotp.TOTP(handed_over["secondFactor"])

    def code(self) -> str:
        """The next code of the telephone: half a minute later than the last one."""
        self.clock.turn(seconds=30)
        return self.totp.at(self.clock())

    async def try_in(self, **changes: Any) -> httpx.Response:
        body = {"login": self.login, "password": self.password, "code": self.code()} | changes
        return await self.service.http.post("/v1/sessions", json=body)

    async def come_in(self, **more: Any) -> dict[str, Any]:
        answer = await self.try_in(**more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


async def grant(
    service: Service, person: str, organization: str = TOWNSHIP, **changes: Any
) -> httpx.Response:
    body = {
        "person": person,
        "organization": organization,
        "roles": ["REGISTRAR"],
        "documentNo": "恰政办函〔2026〕3号",
    } | changes
    return await service.http.post("/v1/access-grants", json=body, headers=service.headers("admin"))


async def official(service: Service, clock: Clock, organization: str = TOWNSHIP) -> Somebody:
    """A person of a unit with an account, the first password still to be changed, and no right to anything."""
    person = await service.person(organization)
    body = {"person": person, "login": f"U{new_code()[-10:]}"}
    made = await service.http.post("/v1/officials", json=body, headers=service.headers("admin"))
    assert made.status_code == 201, made.text
    assert made.json()["login"] == body["login"].lower()
    return Somebody(service, clock, person, made.json())


@pytest_asyncio.fixture(loop_scope="module")
async def clerk(service: Service, clock: Clock) -> Somebody:
    """A township's clerk who changed the first password."""
    one = await official(service, clock)
    assert (await grant(service, one.person)).status_code == 201
    session = await one.come_in(newPassword=NEW_PASSWORD)
    one.password = NEW_PASSWORD
    await service.http.delete("/v1/sessions/current", headers=service.headers(session["token"]))
    return one


async def appoint(service: Service, person: str, position: str = POST) -> None:
    """In a post of the village since 2024."""
    unit = f"/v1/organizations/{VILLAGE}"
    post = {"position": position, "person": person, "since": "2024-01-01", "documentNo": "任〔2024〕1号"}
    await service.write(f"{unit}/appointments", post, "personnel", version=await version_of(service, unit))


async def end_post(service: Service, person: str, until: date) -> None:
    unit = f"/v1/organizations/{VILLAGE}"
    ending = {"until": until.isoformat(), "reason": "换届"}
    path = f"{unit}/appointments/{POST}/{person}/ending"
    await service.write(path, ending, "personnel", version=await version_of(service, unit))


async def version_of(service: Service, path: str) -> int:
    return int((await service.read(path))["version"])


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_person_acts_for_the_unit_and_the_log_names_both(service: Service, clerk: Somebody) -> None:
    session = await clerk.come_in()
    assert session["actingFor"]["organization"] == TOWNSHIP
    assert session["actingFor"]["roles"] == ["REGISTRAR"]
    asset = new_code()
    written = await service.write("/v1/assets", {"asset": asset, "card": road()}, session["token"])
    actor = await service.pool.fetchval(
        "SELECT convert_from(body, 'UTF8')::jsonb -> 'actor' FROM event WHERE county = $1 AND position = $2",
        COUNTY,
        written["position"],
    )
    assert '"person": "' + clerk.person + '"' in actor
    assert f'"organization": "{TOWNSHIP}"' in actor
    assert '"kind": "person"' in actor
    shown = await service.read("/v1/sessions/current", session["token"])
    assert (shown["person"], shown["way"], shown["idleMinutes"]) == (clerk.person, "PASSWORD", 30)
    assert "token" not in shown


async def test_the_first_password_lets_in_only_with_a_new_one(service: Service, clock: Clock) -> None:
    one = await official(service, clock)
    await grant(service, one.person)
    assert refused(await one.try_in()) == (403, "PASSWORD_CHANGE_REQUIRED")
    assert refused(await one.try_in(newPassword=one.password)) == (403, "PASSWORD_CHANGE_REQUIRED")
    for weak in ("Short-2026-A", "aaaaaaaaaaaaaaaa", f"x{one.login.upper()}-2026-yz"):
        expected = (422, "PASSWORD_WEAK") if len(weak) != 12 else None
        answer = await one.try_in(newPassword=weak[:11] if expected is None else weak)
        assert refused(answer) == (422, "PASSWORD_WEAK"), weak
    assert (await one.try_in(newPassword="Twelve-signs")).status_code == 201  # twelve characters are enough
    assert refused(await one.try_in()) == (401, "LOGIN_INCORRECT")  # the first password is gone


@pytest.mark.parametrize("wrong", ["login", "password", "code"])
async def test_what_is_wrong_is_not_told(clerk: Somebody, wrong: str) -> None:
    made_up = {"login": "nobody.here", "password": "Ulugqat-2026-Kuz", "code": "000000"}
    answer = await clerk.try_in(**{wrong: made_up[wrong]})
    assert refused(answer) == (401, "LOGIN_INCORRECT")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (
        answer.json()["detail"] == "登录名、密码或动态口令不正确，请核对后重新输入；动态口令每个只能用一次。"
    )


async def test_a_code_is_good_once(service: Service, clerk: Somebody) -> None:
    code = clerk.code()
    assert (await clerk.try_in(code=code)).status_code == 201
    body = {"login": clerk.login, "password": clerk.password, "code": code}
    assert refused(await service.http.post("/v1/sessions", json=body)) == (401, "LOGIN_INCORRECT")


async def test_a_code_sent_twice_at_once_is_good_once(clerk: Somebody) -> None:
    code = clerk.code()
    answers = await asyncio.gather(*(_with(clerk, code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (1, True), (2, False)])
async def test_a_telephone_may_be_one_step_off(clerk: Somebody, steps: int, good: bool) -> None:
    clerk.clock.turn(seconds=120)  # earlier codes of this person are behind us
    code = clerk.totp.at(clerk.clock(), counter_offset=steps)
    answer = await _with(clerk, code)
    assert (answer.status_code == 201) is good


async def _with(one: Somebody, code: str) -> httpx.Response:
    body = {"login": one.login, "password": one.password, "code": code}
    return await one.service.http.post("/v1/sessions", json=body)


async def test_five_failures_close_the_door_for_a_quarter_of_an_hour(
    service: Service, clock: Clock, clerk: Somebody
) -> None:
    for _ in range(4):
        assert refused(await clerk.try_in(password="wrong-wrong-1"))[1] == "LOGIN_INCORRECT"
    assert (await clerk.try_in()).status_code == 201  # four do not, and a success begins anew
    for _ in range(5):
        assert refused(await clerk.try_in(password="wrong-wrong-1"))[1] == "LOGIN_INCORRECT"
    answer = await clerk.try_in()
    assert refused(answer) == (429, "SIGN_IN_LOCKED")
    assert 0 < int(answer.headers["retry-after"]) <= 900
    clock.turn(minutes=15)
    assert (await clerk.try_in()).status_code == 201


async def test_many_guesses_at_once_are_counted_too(service: Service, clerk: Somebody) -> None:
    """Twenty wrong passwords in the same moment: five are looked at, and then the right one waits too."""
    answers = await asyncio.gather(*(clerk.try_in(password=f"wrong-wrong-{n}") for n in range(20)))
    told = sorted(refused(answer)[1] for answer in answers)
    assert told == ["LOGIN_INCORRECT"] * 5 + ["SIGN_IN_LOCKED"] * 15
    assert refused(await clerk.try_in()) == (429, "SIGN_IN_LOCKED")


async def test_an_address_that_fails_on_and_on_is_sent_away_unhashed(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever logins it tries: a password costs 64 MiB and a third of a second to look at."""
    hashed = 0
    passwords = service.app.state.identities.officials.passwords
    fits = passwords.fits

    async def counted(password: str, kept: str | None) -> bool:
        nonlocal hashed
        hashed += 1
        return bool(await fits(password, kept))

    monkeypatch.setattr(passwords, "fits", counted)
    before = service.app.state.wrong_sign_ins
    service.app.state.wrong_sign_ins = WrongKeys(at_once=3, every=60.0)
    body = {"password": "wrong-wrong-1", "code": "123456"}
    try:
        told = [
            refused(await service.http.post("/v1/sessions", json={**body, "login": f"nobody-{n}"}))
            for n in range(5)
        ]
    finally:
        service.app.state.wrong_sign_ins = before
    assert told == [(401, "LOGIN_INCORRECT")] * 3 + [(429, "TOO_MANY_REQUESTS")] * 2
    assert hashed == 3


async def test_who_tries_many_passwords_at_once_waits_behind_nobody_but_himself() -> None:
    """One address has one of the two turns, and so many in line; whoever else comes is looked at beside it."""
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    kept = await passwords.hash(NEW_PASSWORD)
    go_on = threading.Event()

    def held(_kept: str, _password: str) -> bool:
        return go_on.wait(30)

    passwords._compare = held  # type: ignore[method-assign]
    with acting_for("10.0.0.1"):
        many = [asyncio.create_task(passwords.fits(f"wrong-wrong-{n}", kept)) for n in range(20)]
        await asyncio.sleep(0)
    sent_away = [one for one in many if one.done() or await _soon_done(one)]
    assert [str(getattr(one.exception(), "code", "")) for one in sent_away] == ["TOO_MANY_REQUESTS"] * 11
    with acting_for("10.0.0.2"):
        other = asyncio.create_task(passwords.fits(NEW_PASSWORD, kept))
        await asyncio.sleep(0.05)
    go_on.set()
    assert await asyncio.wait_for(other, 5)
    await asyncio.gather(*many, return_exceptions=True)


async def _soon_done(task: asyncio.Task[bool]) -> bool:
    await asyncio.wait((task,), timeout=0.02)
    return task.done()


async def test_who_comes_in_and_who_tries_meanwhile_do_not_block_each_other(
    service: Service, clock: Clock
) -> None:
    """Both change what is counted of the login here and everywhere, in one order: for logins whose rows lie either way."""
    lock_out, now = LockOut(service.pool), clock()
    for number in range(6):
        login, address = f"both-{number}", "10.9.9.9"
        await lock_out.attempt(COUNTY, login, address, now)
        first = min(_bounds(COUNTY, login, address))
        last = max(_bounds(COUNTY, login, address))
        for held in (first, last):
            await lock_out.attempt(COUNTY, login, address, now)
            async with service.pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT FROM sign_in_failure WHERE attempted = $1 FOR UPDATE", held)
                trying = asyncio.create_task(lock_out.attempt(COUNTY, login, address, now))
                await asyncio.sleep(0.05)
                coming_in = asyncio.create_task(lock_out.succeed(COUNTY, login, address))
                await asyncio.sleep(0.05)
            await asyncio.gather(trying, coming_in)


async def test_those_who_come_in_are_not_counted(clerk: Somebody) -> None:
    for _ in range(60):
        assert (await clerk.try_in()).status_code == 201


async def test_a_login_that_does_not_exist_is_closed_alike(service: Service) -> None:
    body = {"login": "no.such.login", "password": "wrong-wrong-1", "code": "123456"}
    told = [refused(await service.http.post("/v1/sessions", json=body)) for _ in range(6)]
    assert told == [(401, "LOGIN_INCORRECT")] * 5 + [(429, "SIGN_IN_LOCKED")]


async def test_without_a_grant_nobody_comes_in(service: Service, clock: Clock) -> None:
    one = await official(service, clock)
    assert refused(await one.try_in(newPassword=NEW_PASSWORD)) == (403, "GRANT_MISSING")


async def test_a_grant_counts_while_the_person_is_of_the_unit(service: Service, clerk: Somebody) -> None:
    """A grant for a unit that the log does not know the person to be of gives nothing."""
    await grant(service, clerk.person, OTHER_TOWNSHIP)
    answer = await clerk.try_in(organization=OTHER_TOWNSHIP)
    assert refused(answer) == (403, "GRANT_SUSPENDED")
    assert (await clerk.come_in())["units"] == [(await clerk.come_in())["actingFor"]]  # and is no choice


async def test_a_post_that_ends_takes_the_rights_with_it(service: Service, clock: Clock) -> None:
    """Appointed in another unit: acts for it; the post ends: the session acts for it no more."""
    one = await official(service, clock)
    await appoint(service, one.person)
    for unit in (TOWNSHIP, VILLAGE):
        assert (await grant(service, one.person, unit)).status_code == 201
    answer = await one.try_in(newPassword=NEW_PASSWORD)
    assert refused(answer) == (422, "UNIT_REQUIRED")
    assert answer.json()["missing"] == ["organization"]
    one.password = NEW_PASSWORD
    session = await one.come_in(organization=VILLAGE)
    assert {unit["organization"] for unit in session["units"]} == {TOWNSHIP, VILLAGE}
    assert (await service.get("/v1/assets/none", session["token"])).status_code == 404
    await end_post(service, one.person, service.app.state.context.today() - timedelta(days=1))
    service.app.state.identities.sessions.forget()  # five seconds later
    assert refused(await service.get("/v1/divisions", session["token"])) == (403, "GRANT_SUSPENDED")


async def test_the_dead_are_not_signed_in(service: Service, clerk: Somebody) -> None:
    session = await clerk.come_in()
    fact = {"fact": {"kind": "DEATH", "happenedOn": "2026-01-05"}}
    await service.write(f"/v1/persons/{clerk.person}/leaving-facts", fact, "personnel")
    service.app.state.identities.sessions.forget()
    assert refused(await service.get("/v1/divisions", session["token"])) == (403, "GRANT_SUSPENDED")
    assert refused(await clerk.try_in()) == (403, "GRANT_SUSPENDED")


async def test_acting_for_another_of_ones_units(service: Service, clock: Clock) -> None:
    one = await official(service, clock)
    await appoint(service, one.person, "VILLAGE_PARTY_SECRETARY")
    for unit, roles in ((TOWNSHIP, ["APPROVER"]), (VILLAGE, ["REGISTRAR"])):
        await grant(service, one.person, unit, roles=roles)
    session = await one.come_in(newPassword=NEW_PASSWORD, organization=TOWNSHIP)
    headers = service.headers(session["token"])
    changed = await service.http.put(
        "/v1/sessions/current/organization", json={"organization": VILLAGE}, headers=headers
    )
    assert changed.json()["actingFor"]["organization"] == VILLAGE
    assert changed.json()["actingFor"]["roles"] == ["REGISTRAR"]
    elsewhere = await service.http.put(
        "/v1/sessions/current/organization", json={"organization": OTHER_TOWNSHIP}, headers=headers
    )
    assert refused(elsewhere) == (403, "GRANT_MISSING")


async def test_a_session_ends_after_silence_at_its_end_and_by_signing_out(
    service: Service, clock: Clock, clerk: Somebody
) -> None:
    silent, long, out = [(await clerk.come_in())["token"] for _ in range(3)]
    headers = service.headers(out)
    assert (await service.http.delete("/v1/sessions/current", headers=headers)).status_code == 204
    assert refused(await service.get("/v1/divisions", out)) == (401, "SESSION_ENDED")
    service.app.state.identities.sessions.forget()
    assert refused(await service.get("/v1/divisions", out)) == (401, "SESSION_ENDED")
    for _ in range(int(LONGEST / (IDLE - timedelta(minutes=1)))):
        clock.turn(minutes=IDLE.total_seconds() / 60 - 1)
        service.app.state.identities.sessions.forget()
        assert (await service.get("/v1/divisions", long)).status_code == 200
    assert refused(await service.get("/v1/divisions", silent)) == (401, "SESSION_ENDED")
    clock.turn(minutes=IDLE.total_seconds() / 60 - 1)
    assert refused(await service.get("/v1/divisions", long)) == (401, "SESSION_ENDED")


async def test_a_revoked_grant_a_reset_and_a_closed_account_end_what_they_gave(
    service: Service, clerk: Somebody
) -> None:
    session = (await clerk.come_in())["token"]
    reset = await service.http.post(f"/v1/officials/{clerk.official}/reset", headers=service.headers("admin"))
    assert refused(await service.get("/v1/divisions", session)) == (401, "SESSION_ENDED")
    assert refused(await clerk.try_in()) == (401, "LOGIN_INCORRECT")
    again = Somebody(service, clerk.clock, clerk.person, reset.json())
    session = (await again.come_in(newPassword=NEW_PASSWORD))["token"]
    again.password = NEW_PASSWORD
    given = await service.read("/v1/access-grants", "admin", person=clerk.person)
    path = f"/v1/access-grants/{given[0]['accessGrant']}"
    assert (await service.http.delete(path, headers=service.headers("admin"))).status_code == 204
    assert refused(await service.get("/v1/divisions", session)) == (403, "GRANT_MISSING")
    await grant(service, clerk.person)
    session = (await again.come_in())["token"]
    closed = await service.http.delete(f"/v1/officials/{clerk.official}", headers=service.headers("admin"))
    assert closed.status_code == 204
    assert refused(await service.get("/v1/divisions", session)) == (401, "SESSION_ENDED")
    assert refused(await again.try_in()) == (401, "LOGIN_INCORRECT")


async def test_a_closed_account_is_not_told_from_an_unknown_one(service: Service, clock: Clock) -> None:
    one = await official(service, clock)
    await grant(service, one.person)
    assert refused(await one.try_in()) == (403, "PASSWORD_CHANGE_REQUIRED")
    closed = await service.http.delete(f"/v1/officials/{one.official}", headers=service.headers("admin"))
    assert closed.status_code == 204
    assert refused(await one.try_in()) == (401, "LOGIN_INCORRECT")


async def test_no_secret_is_kept_in_the_clear(service: Service, clock: Clock) -> None:
    one = await official(service, clock)
    await grant(service, one.person)
    session = await one.come_in(newPassword=NEW_PASSWORD)
    kept = ""
    for table in ("official", "session", "access_grant", "sign_in_failure"):
        kept += str(await service.pool.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} AS t"))
    secret = one.totp.secret
    for word in (
        one.password,
        NEW_PASSWORD,
        secret,
        secret.encode().hex(),
        session["token"].partition(".")[2],
    ):
        assert word not in kept
    assert "$argon2id$v=19$" in kept


async def test_passwords_are_hashed_as_dearly_as_is_said() -> None:
    kept = await Passwords().hash("Ulugqat-2026-Kuz")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await Passwords().fits("Ulugqat-2026-Kuz", kept)
    assert not await Passwords().fits("Ulugqat-2026-Kux", kept)


async def test_three_administrators_in_one_person_are_warned_about(service: Service) -> None:
    person = await service.person(TOWNSHIP)
    assert (await grant(service, person, roles=["OPERATOR"])).json()["warnings"] == []
    assert (await grant(service, person, roles=["REGISTRAR"])).json()["warnings"] == []
    told = (await grant(service, person, roles=["LOG_AUDITOR"])).json()["warnings"]
    assert [one["code"] for one in told] == ["ADMINISTRATORS_TOGETHER"]
    assert told[0]["params"]["roles"] == ["OPERATOR", "LOG_AUDITOR"]


async def test_a_grant_names_what_is_there(service: Service) -> None:
    person = await service.person(TOWNSHIP)
    for changes, code in (
        ({"person": "P-nobody"}, "CODE_UNKNOWN"),
        ({"organization": "NOBODY"}, "CODE_UNKNOWN"),
        ({"divisions": ["653022202999"]}, "CODE_UNKNOWN"),
        ({"divisions": [TOWNSHIP, "110101"]}, "FIELD_INVALID"),
    ):
        answer = await grant(service, **({"person": person} | changes))
        assert refused(answer) == (422, code), changes
    for division in (COUNTY, TOWNSHIP[:9], TOWNSHIP, VILLAGE):
        assert (await grant(service, person, divisions=[division])).status_code == 201, division


async def test_nobody_grants_to_himself(service: Service, clock: Clock) -> None:
    one = await official(service, clock)
    await grant(service, one.person, roles=["ADMIN"])
    session = await one.come_in(newPassword=NEW_PASSWORD)
    body = {"person": one.person, "organization": TOWNSHIP, "roles": ["APPROVER"], "documentNo": "1"}
    answer = await service.http.post(
        "/v1/access-grants", json=body, headers=service.headers(session["token"])
    )
    assert refused(answer) == (409, "SAME_PARTY")


async def test_a_grant_to_audit_ends(service: Service, clock: Clock) -> None:
    person = await service.person(TOWNSHIP)
    given = (await grant(service, person, roles=["AUDITOR"])).json()
    ends = datetime.fromisoformat(given["endsAt"])
    assert timedelta(days=179) < ends - clock() <= timedelta(days=180)
    for days, status in ((180, 422), (179, 201), (-1, 422)):
        asked = (clock() + timedelta(days=days, minutes=1)).astimezone(UTC).isoformat()
        assert (await grant(service, person, roles=["AUDITOR"], endsAt=asked)).status_code == status, days


async def test_a_key_has_no_session(service: Service) -> None:
    assert refused(await service.get("/v1/sessions/current", "clerk")) == (403, "SESSION_REQUIRED")
