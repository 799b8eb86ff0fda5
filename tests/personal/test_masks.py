"""Masks as people know them from notices and banks, and nothing of what is short."""

from __future__ import annotations

import pytest

from domain.sealed import hidden
from service.personal.masks import mask


@pytest.mark.parametrize(
    ("form", "value", "shown"),
    [
        ("NAME", "张三丰", "张**"),
        ("NAME", "李四", "李**"),
        ("NAME", "买买提江·阿卜杜拉", "买**"),
        ("PHONE", "13812341234", "138****1234"),
        ("PHONE", "138-1234 1234", "138****1234"),
        ("PHONE", "0903-2512345", "***"),
        ("CONTACT", "138 1234 1234", "138****1234"),
        ("CONTACT", "村口小卖部找艾力", "***"),
        ("ID_NUMBER", "653022199001011234", "653***********1234"),
        ("ID_NUMBER", "65302219900101123X", "653***********123X"),
        ("ID_NUMBER", "1234", "***"),
        ("ACCOUNT", "6217 0000 1234 5678 901", "****8901"),
        ("ACCOUNT", "1234", "***"),
        ("PAPER", "刑拘〔2021〕5号", "***"),
        ("TEXT", "因病致贫", "***"),
    ],
)
def test_a_value_is_masked_by_its_form(form: str, value: str, shown: str) -> None:
    assert mask(form, value) == shown


def test_a_token_is_hidden_where_no_key_is_at_hand() -> None:
    token = "sealed:1:aes256gcm:NAME:" + "0" * 20 + ":AAAA"
    assert hidden(f"户主 {token}，两人") == "户主 ***，两人"
    assert hidden("没有密文") == "没有密文"
