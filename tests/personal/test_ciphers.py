"""Tokens: what opens them and what does not, equal values, the two ciphers."""

from __future__ import annotations

import pytest

from domain.sealed import SealedForm, parts_of
from service.personal.ciphers import AES256GCM, CIPHERS, SM4GCM, NotOpened, seal, tag, unseal

KEY, OTHER = b"k" * 32, b"o" * 32
BOUND = ("653022", "household.H-1")
NAME = "0123456789abcdef0123"


@pytest.mark.parametrize("algorithm", [AES256GCM, SM4GCM])
def test_a_value_comes_back_under_its_key_county_and_person_and_under_no_other(algorithm: str) -> None:
    token = seal(KEY, BOUND, algorithm, SealedForm.NAME, NAME, "买买提·艾力")
    assert unseal(KEY, BOUND, token) == "买买提·艾力"
    assert "买" not in token
    for key, bound in (
        (OTHER, BOUND),
        (KEY, ("653023", "household.H-1")),
        (KEY, ("653022", "household.H-2")),
    ):
        with pytest.raises(NotOpened):
            unseal(key, bound, token)


@pytest.mark.parametrize("algorithm", [AES256GCM, SM4GCM])
def test_a_token_that_was_altered_anywhere_is_not_opened(algorithm: str) -> None:
    token = seal(KEY, BOUND, algorithm, SealedForm.NAME, NAME, "艾力")
    altered = [
        token.replace(":NAME:", ":TEXT:"),
        token.replace(NAME, NAME[::-1]),
        token.replace(algorithm, {AES256GCM: SM4GCM, SM4GCM: AES256GCM}[algorithm]),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token[:-30],
        "艾力",
    ]
    for one in altered:
        with pytest.raises(NotOpened):
            unseal(KEY, BOUND, one)


def test_equal_values_of_one_person_are_equal_tokens_and_of_two_persons_are_not() -> None:
    def of(key: bytes, value: str, form: SealedForm = SealedForm.NAME) -> str:
        return seal(key, BOUND, AES256GCM, form, NAME, value)

    assert of(KEY, "艾力") == of(KEY, "艾力")
    assert (
        len({of(KEY, "艾力"), of(KEY, "热依拉"), of(OTHER, "艾力"), of(KEY, "艾力", SealedForm.CONTACT)}) == 4
    )


def test_sm4_gcm_seals_as_rfc_8998_says() -> None:
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex("".join(one * 16 for one in "abcdefea"))
    sealed = CIPHERS[SM4GCM][0](key, nonce, plain, bound)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )


def test_a_tag_forgives_spaces_and_hyphens_and_depends_on_the_master_key() -> None:
    found = tag(KEY, "653022", SealedForm.PHONE, "138-0000 0000")
    assert found == tag(KEY, "653022", SealedForm.PHONE, "13800000000")
    assert found != tag(OTHER, "653022", SealedForm.PHONE, "13800000000")
    assert found != tag(KEY, "653022", SealedForm.CONTACT, "13800000000")
    assert found != tag(KEY, "653023", SealedForm.PHONE, "13800000000")


def test_parts_of_anything_but_a_token_are_none() -> None:
    assert parts_of("艾力") is None
    assert parts_of("sealed:1:aes256gcm:NAME:xyz:AAAA") is None
