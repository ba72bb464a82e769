"""Structs as forms."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobtracker_core import CollectorSettings, CommonQuery, Employment
from jobtracker_core.plugins import forms


class Odd(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    order: Literal["zebra", "apple", "mango"] = "zebra"
    code: Annotated[str, msgspec.Meta(pattern="^[a-z]+$", max_length=5)]
    easy: bool = False
    share: Annotated[float, msgspec.Meta(gt=0)] = 1.0


def field(name: str) -> forms.FormField:
    return {f.name: f for f in forms.fields(Odd)}[name]


def test_choices_keep_the_order_of_their_declaration() -> None:
    assert field("order").choices == ("zebra", "apple", "mango")
    assert field("employment").choices == tuple(member.value for member in Employment)


def test_fields_carry_what_the_annotations_say() -> None:
    assert (field("code").required, field("text").required) == (True, False)
    assert (field("remote").multiple, field("remote").kind) == (True, "choice")
    assert (field("posted_within_days").minimum, field("posted_within_days").maximum) == (1, 365)
    assert field("share").exclusive
    assert field("text").description


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order", "one of zebra, apple, mango"),
        ("posted_within_days", "a whole number from 1 to 365"),
        ("share", "a number above 0"),
        ("easy", "true or false"),
        ("code", "text of up to 5 characters that matches ^[a-z]+$"),
    ],
)
def test_allowed_in_words(name: str, words: str) -> None:
    assert field(name).allowed == words


def test_text_is_converted() -> None:
    filled = forms.fill(
        Odd,
        {"code": "abc", "limit": "5", "easy": "true", "share": "0.5", "employment": ["contract"]},
    )
    assert filled == Odd(
        code="abc", limit=5, easy=True, share=0.5, employment=(Employment.CONTRACT,)
    )


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(forms.FormError) as caught:
        forms.fill(Odd, {"limit": "-3", "remote": ["moon"], "colour": "red"})
    problems = caught.value.problems
    assert set(problems) == {"limit", "remote", "colour", "code"}
    assert problems["limit"] == "'-3' is not allowed; it takes a whole number from 1 to 100,000"
    assert "onsite, hybrid, remote" in problems["remote"]
    assert "there is no such field" in problems["colour"]
    assert problems["code"].startswith("must be given")


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "x", "", None, []])
def test_no_strange_number_passes(value: Any) -> None:
    with pytest.raises(forms.FormError):
        forms.fill(Odd, {"code": "a", "share": value})


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example",
        "x.example",
        "https://user:pass@x.example",
        "https://x.example/?q=1",
        "https://x.example/#f",
        "javascript:alert(1)",
        "https://",
    ],
)
def test_a_base_url_is_a_plain_web_address(url: str) -> None:
    with pytest.raises(forms.FormError, match="base_url"):
        forms.fill(CollectorSettings, {"base_url": url})


def test_base_urls_of_practice_sites_pass() -> None:
    for url in ("http://127.0.0.1:8080", "https://x.example/path/"):
        assert forms.fill(CollectorSettings, {"base_url": url}).base_url == url


class Nested(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    inner: CollectorSettings | None = None


class Mapped(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    table: dict[str, str] = msgspec.field(default_factory=dict)


class Pair(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pair: tuple[int, int] = (1, 2)


@pytest.mark.parametrize("struct", [Nested, Mapped, Pair])
def test_what_no_form_can_hold_is_refused(struct: type[CommonQuery]) -> None:
    with pytest.raises(TypeError):
        forms.fields(struct)


def test_equal_queries_have_equal_digests() -> None:
    one = forms.digest(CommonQuery(text="a", remote=("remote",)))
    assert one == forms.digest(CommonQuery(remote=("remote",), text="a"))
    assert one != forms.digest(CommonQuery(text="a", remote=("hybrid",)))
    assert one != forms.digest(CommonQuery(text="a"))


def test_words_fill_the_same_query_again() -> None:
    query = Odd(code="abc", remote=("remote",), employment=(Employment.CONTRACT,), limit=3)
    assert forms.fill(Odd, forms.as_words(query)) == query


@given(
    st.dictionaries(
        st.sampled_from([f.name for f in forms.fields(CommonQuery)]),
        st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.text(max_size=9))),
    )
)
def test_whatever_is_filled_in_gives_a_query_or_names_fields(values: dict[str, Any]) -> None:
    problems: dict[str, str] = {}
    query = None
    try:
        query = forms.fill(CommonQuery, values)
    except forms.FormError as error:
        problems = error.problems
    assert problems.keys() <= values.keys()
    assert bool(problems) == (query is None)
    if query is not None:
        assert msgspec.convert(msgspec.to_builtins(query), CommonQuery) == query
