"""How a device wants pages, read from cookies that anybody may have written."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from jobtracker_core.web.preferences import Preferences, read


def test_without_cookies() -> None:
    assert read({}) == Preferences(
        theme="dark", density="comfortable", keys=True, zone=ZoneInfo("UTC"), zone_chosen=False
    )


def test_what_was_chosen() -> None:
    found = read(
        {
            "jt-theme": "light",
            "jt-density": "compact",
            "jt-keys": "off",
            "jt-zone": "Europe%2FBerlin",
        }
    )
    assert found == Preferences(
        theme="light",
        density="compact",
        keys=False,
        zone=ZoneInfo("Europe/Berlin"),
        zone_chosen=True,
    )


def test_the_zone_of_the_device_itself() -> None:
    found = read({"jt-zone": "auto%3AAmerica%2FNew_York"})
    assert (found.zone.key, found.zone_chosen) == ("America/New_York", False)


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Mars/Olympus",
        "../../etc/passwd",
        "/etc/localtime",
        "auto:",
        "a\0b",
        "x" * 5_000,
        "Europe",
        "%FF",
    ],
)
def test_a_zone_that_there_is_not(zone: str) -> None:
    found = read({"jt-zone": zone})
    assert (found.zone.key, found.zone_chosen) == ("UTC", False)
