"""No connection is opened to an address that may not be dialled, however it is spelled and whatever the operator names."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from service.outward import target_of
from service.webhooks.addresses import AddressDenied, judge
from service.webhooks.dialling import Dialler
from tests.receivers import Detour, Net, Received, Receiver, answer, receiving

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
"""The most an operator can name."""

NEVER = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.255.255.255"),
    *("169.254.0.0", "169.254.169.254", "169.254.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    *("224.0.0.0", "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    *("2002:7f00:1::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::1", "2001:0:ffff::1"),
    *("fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "ff02::1", "ff0e::1"),
    *(
        "fd00:ec2::254",
        "fd20:ce::254",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "2001:10::1",
        "2001:20::1",
    ),
]
"""The core deny-list: first, last and in between."""
PRIVATE = [
    *("10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"),
    *(
        "100.64.0.0",
        "100.127.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "fc00::1",
        "fdff::1",
        "4000::1",
        "1::1",
    ),
]
PUBLIC = [
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "1.0.0.0",
    "223.255.255.255",
]
PUBLIC += [
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "2001:4860:4860::8888",
    "2003::1",
]


@pytest.mark.parametrize("address", NEVER)
def test_core_address_is_denied_even_if_the_operator_names_everything(address: str) -> None:
    with pytest.raises(AddressDenied, match=r"never dialled|one link"):
        judge(address, EVERYTHING)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_dialled_only_where_the_operator_names_it(address: str) -> None:
    with pytest.raises(AddressDenied, match="private"):
        judge(address, ())
    with pytest.raises(AddressDenied, match="private"):
        judge(address, (ip_network("10.20.0.0/16"), ip_network("fd01::/16")))
    assert str(judge(address, EVERYTHING)) == address


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_dialled(address: str) -> None:
    assert str(judge(address, ())) == address


@pytest.mark.parametrize(
    "address", ["", "localhost", "127.1", "0x7f000001", "8.8.8.8.8", "8.8.8.8/32", "１.1.1.1"]
)
def test_what_is_no_address_is_denied(address: str) -> None:
    with pytest.raises(AddressDenied):
        judge(address, EVERYTHING)


SPELLINGS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "localhost"),
    *("[::1]", "[::]", "0", "0.0.0.0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"),
    *("127.0.0.1.", "LOCALHOST", "①②⑦.0.0.1", "127。0。0。1", "[64:ff9b::127.0.0.1]"),
]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_this_machine_opens_a_connection(scheme: str) -> None:
    """By the system's own resolver, with every network named: a listener on this machine counts connections."""
    receiver = Receiver()
    async with receiving(receiver):
        dialler = Dialler(EVERYTHING)
        for host in SPELLINGS:
            came = await dialler.post(f"{scheme}://{host}:{receiver.port}/", {}, b"{}")
            assert came.outcome in {"DENIED", "UNRESOLVED"}, (host, came)
        assert receiver.connections == 0
        reader, writer = await asyncio.open_connection("127.0.0.1", receiver.port)  # the listener does count
        writer.close()
        await asyncio.sleep(0.05)
        assert receiver.connections == 1 and reader is not None


async def test_name_with_one_denied_address_among_others_is_not_dialled() -> None:
    net = Net(names={"mixed.test": ["8.8.8.8", "127.0.0.1"]})
    came = await net.dialler().post("https://mixed.test/", {}, b"{}")
    assert (came.outcome, came.address) == ("DENIED", "127.0.0.1")
    assert net.detour.dialled == []


async def test_name_that_is_rebound_is_dialled_as_judged_and_judged_again() -> None:
    """Resolved once an attempt: what was judged is what is dialled, and the next attempt judges anew."""
    answers = [["10.20.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["10.20.0.1"]]
    asked: list[str] = []
    receiver, detour = Receiver(), Detour()

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    detour.receivers["10.20.0.1"] = receiver
    async with receiving(receiver):
        dialler = Dialler((ip_network("10.20.0.0/16"),), resolve=rebinding, backend=detour)
        body = b'{"data": {}}'
        came = [await dialler.post("http://rebound.test/", {}, body) for _ in answers]
    assert [one.outcome for one in came] == ["DELIVERED", "DENIED", "DENIED", "DELIVERED"]
    assert detour.dialled == ["10.20.0.1", "10.20.0.1"]
    assert len(asked) == 4


async def test_redirect_is_an_answer_and_is_not_followed() -> None:
    async def redirect(_: Received, writer: asyncio.StreamWriter) -> None:
        await answer(writer, 302, b"", "Location: http://127.0.0.1/")

    net, receiver = Net(), Receiver(behave=redirect)
    async with receiving(receiver):
        came = await net.dialler().post(net.put(receiver), {}, b'{"data": {"position": 1}}')
    assert (came.outcome, came.status) == ("STATUS", 302)
    assert receiver.connections == 1 and net.detour.dialled == ["10.20.0.1"]


async def test_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://10.20.0.99:3128")
    net, receiver = Net(), Receiver()
    async with receiving(receiver):
        came = await net.dialler().post(net.put(receiver), {}, b'{"data": {}}')
    assert came.delivered
    assert net.detour.dialled == ["10.20.0.1"]


async def test_without_tls_only_the_operators_networks_are_dialled() -> None:
    net = Net(names={"public.test": ["8.8.8.8"]})
    came = await net.dialler().post("http://public.test/", {}, b"{}")
    assert came.outcome == "DENIED" and "TLS" in came.text
    assert net.detour.dialled == []
    assert (await net.dialler().post("https://public.test/", {}, b"{}")).outcome == "UNREACHABLE"
    assert net.detour.dialled == ["8.8.8.8"]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "ftp://a.test/",
            "file:///etc/passwd",
            "a.test",
            "http://",
            "https:///x",
            "https://u:p@a.test/",
        ),
        *(
            "https://u@a.test/",
            "https://a.test/#f",
            "https://a.test:0/",
            "https://a.test:99999/",
            "https://a b/",
        ),
        *("https://a.test/\r\nX: y", "https://a.test\\@b.test/", "https://a.test/\u4e2d", "gopher://a.test/"),
    ],
)
def test_url_that_is_no_receiver_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        target_of(url)


def test_resolver_failure_is_told_apart_from_denial() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, host)

    came = asyncio.run(Dialler(EVERYTHING, resolve=nobody).post("https://a.test/", {}, b"{}"))
    assert came.outcome == "UNRESOLVED"
