"""Cookies are read as Python reads them."""

import http.cookies

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patches.http.cookies import unquote

PYTHONS = http.cookies._unquote


@given(st.text('"\\017ab ').map(lambda text: f'"{text}"') | st.text())
def test_unquote_is_pythons(value: str) -> None:
    assert unquote(value) == PYTHONS(value)


@pytest.mark.parametrize(("value", "plain"), [(r'"a\"b"', 'a"b'), (r'"\303"', "Ã"), ("a", "a")])
def test_unquote(value: str, plain: str) -> None:
    assert unquote(value) == plain
