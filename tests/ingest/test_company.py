import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.ingest import company


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (
            ["Acme", "ACME Inc.", "Acme, Inc", "The Acme Corporation", "acme LLC", "Acme L.L.C."],
            "acme",
        ),
        (["Müller GmbH & Co. KG", "Muller", "MÜLLER GMBH", "Müller gGmbH"], "muller"),
        (["Ørsted A/S", "Orsted"], "orsted"),
        (["Société Générale S.A.", "Societe Generale SE"], "societe generale"),
        (["Philips N.V.", "Philips B.V.", "Philips Pty Ltd", "Philips Private Limited"], "philips"),
        (["Eni S.p.A.", "Eni SpA", "Eni S.r.l.", "ENI"], "eni"),
        (["Day Spa"], "day spa"),
        (["Tiffany & Co.", "Tiffany"], "tiffany"),
        (["Johnson & Johnson", "Johnson and Johnson"], "johnson and johnson"),
        (["McDonald’s Corp.", "McDonald's", "MCDONALDS"], "mcdonalds"),
        (["株式会社メルカリ", "メルカリ"], "メルカリ"),
        (["ООО «Яндекс»", "Яндекс"], "яндекс"),
        (["Toyota K.K.", "Toyota Co., Ltd."], "toyota"),
        (["Straße AG", "STRASSE"], "strasse"),
        (["Foo Sp. z o.o.", "Foo s.r.o.", "Foo Oy", "Foo AB", "Foo plc"], "foo"),
        (["AG", "ag"], "ag"),
        (["The Limited"], "limited"),
        (["GmbH & Co. KG"], "gmbh"),
        ([": 株式会社"], "株式会社"),
        (["", " ", "!!!"], None),
    ],
)
def test_key(names, key):
    assert {company.key(name) for name in names} == {key}


def test_marks_of_other_scripts_stay():
    assert company.key("काम") == "काम"
    assert company.key("Йод") != company.key("Иод")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(
                ["The", "GmbH", "& Co.", "KG", "S.p.A.", "a", "/s", "AG", "株式会社", "ООО", "İ"]
            ),
        ),
        max_size=6,
    )
)
def test_the_key_of_a_key_is_the_key(parts):
    name = " ".join(parts)
    key = company.key(name)
    if key is None:
        assert not any(map(str.isalnum, name))
    else:
        assert company.key(key) == key
        assert len(key) <= company.LIMIT
