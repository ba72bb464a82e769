import math

import pytest

from jobtracker_core.contract.posting import Place, Remote
from jobtracker_core.ingest import countries, languages, place


@pytest.mark.parametrize(
    ("text", "city", "region", "country"),
    [
        ("Oakland, California, United States", "Oakland", "California", "US"),
        ("Berlin, Germany", "Berlin", None, "DE"),
        ("London, England, GB", "London", "England", "GB"),
        ("London, UK", "London", None, "GB"),
        ("New York, NY", "New York", "NY", "US"),
        ("Austin, TX 78701", "Austin", "TX", "US"),
        ("Brooklyn, NY 11201, US", "Brooklyn", "NY", "US"),
        ("Wilmington, DE", "Wilmington", "DE", "US"),
        ("Berlin, DE", "Berlin", None, "DE"),
        ("Bengaluru, IN", "Bengaluru", None, "IN"),
        ("Toronto, ON, CA", "Toronto", "ON", "CA"),
        ("Toronto, ON", "Toronto", "ON", "CA"),
        ("Sydney NSW 2000", "Sydney", "NSW", "AU"),
        ("Bengaluru, Karnataka, India", "Bengaluru", "Karnataka", "IN"),
        ("Hauptstr. 1, Mitte, Berlin, Berlin, Deutschland", "Berlin", "Berlin", "DE"),
        ("California, United States", None, "California", "US"),
        ("Bavaria, Germany", None, "Bavaria", "DE"),
        ("United States", None, None, "US"),
        ("DEU", None, None, "DE"),
        ("Remote", None, None, None),
        ("Remote, Germany", None, None, "DE"),
        ("Remote (Germany)", None, None, "DE"),
        ("Austin, TX (Remote)", "Austin", "TX", "US"),
        ("Hybrid work in New York, NY", "New York", "NY", "US"),
        ("Georgia", None, None, None),
        ("CA", None, None, None),
        ("Uppsala", None, None, None),
        ("Greater Chennai Area", None, None, None),
        ("Greater Chennai Area, India", None, None, "IN"),
        ("N/A, Germany", None, None, "DE"),
    ],
)
def test_texts_are_split(text, city, region, country):
    assert place.read(Place(text=text)) == (
        Place(text=text, city=city, region=region, country=country),
    )


def test_given_parts_stay():
    given = Place(
        text="Berlin, Germany",
        city="Berlin",
        region="BE",
        country="deu",
        latitude=52.5,
        longitude=13,
    )
    assert place.read(given) == (
        Place(
            text="Berlin, Germany",
            city="Berlin",
            region="BE",
            country="DE",
            latitude=52.5,
            longitude=13,
        ),
    )


def test_a_country_named_in_the_text_completes_given_parts():
    assert place.read(Place(text="Berlin, Germany", city="Berlin"))[0].country == "DE"
    assert place.read(Place(text="Anytown, CA", city="Anytown"))[0].country is None
    assert (
        place.read(Place(text="Berlin, Germany", city="Berlin", country="Nowhere"))[0].country
        is None
    )


def test_several_places_in_one_text():
    found = place.read(Place(text="Berlin, Germany; Paris, France | Remote"))
    assert [(one.text, one.country) for one in found] == [
        ("Berlin, Germany", "DE"),
        ("Paris, France", "FR"),
        ("Remote", None),
    ]


def test_repeats_are_left_out_and_the_number_is_limited():
    one = Place(text="Berlin, Germany")
    assert len(place.read_all([one, one, Place(text=" Berlin,  Germany ")])) == 1
    assert len(place.read_all(Place(city=f"City {i}") for i in range(200))) == place.MOST


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (None, 1.0),
        (1.0, None),
        (91.0, 0.0),
        (0.0, 181.0),
        (math.nan, 1.0),
        (math.inf, 1.0),
        (0.0, 0.0),
    ],
)
def test_coordinates_that_cannot_be_are_dropped(latitude, longitude):
    assert place.read(Place(latitude=latitude, longitude=longitude)) == ()


def test_a_city_called_remote_is_no_place():
    assert place.read(Place(city="Remote", country="US", latitude=25, longitude=-40)) == (
        Place(text="Remote", country="US"),
    )


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        *[
            (text, Remote.REMOTE)
            for text in ("Remote", "remote - US", "Remote in Austin, TX", "US (Remote)")
        ],
        *[
            (text, Remote.REMOTE)
            for text in ("Fully remote", "Berlin / Remote", "Télétravail", "Home Office")
        ],
        *[
            (text, Remote.HYBRID)
            for text in ("Hybrid - Berlin", "Berlin (Hybrid)", "Hybrid remote in Austin, TX")
        ],
        *[(text, Remote.ONSITE) for text in ("On-site", "Berlin (on site)")],
        *[
            (text, None)
            for text in ("Berlin", "Remote / Hybrid", "Remote Valley, Nebraska", "Remoteness", "")
        ],
    ],
)
def test_remote(text, remote):
    assert place.remote(text) is remote


def test_remote_of_several_places_needs_them_all():
    remote, berlin = Place(text="Remote"), Place(text="Berlin")
    assert place.remote_of([remote, Place(text="Remote, US")]) is Remote.REMOTE
    assert place.remote_of([remote, berlin]) is None
    assert place.remote_of([remote, Place(city="Berlin")]) is None
    assert place.remote_of([]) is None


def test_the_table_of_countries_is_whole():
    rows = countries._rows(countries._TABLE)
    assert len({row[0] for row in rows}) == len(rows) == 250
    assert all(len(row[0]) == 2 and len(row[1]) == 3 and row[2] for row in rows)
    for row in rows:
        assert countries.country(row[0]) == countries.country(row[1]) == row[0]
    assert countries.country("ÖSTERREICH") == "AT"
    assert countries.country("de") is None


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        *[("EN", "en"), ("en_us", "en-US"), ("de-AT", "de-AT"), ("zh-hant-tw", "zh-Hant-TW")],
        *[
            ("English", "en"),
            ("deu", "de"),
            ("Deutsch", "de"),
            ("en-US.UTF-8", "en-US"),
            ("iw", "he"),
        ],
        *[("xx", None), ("klingon", None), ("", None), ("e", None), ("12", None)],
    ],
)
def test_language_tags(written, tag):
    assert languages.tag(written) == tag
