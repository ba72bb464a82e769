"""What a person may enter: types of fields with their bounds.

The bounds are data: the facade checks by them, and the API's document shows them. What no bound
can say stands in `extra`: a text of several lines (every other one is made one line), a link, an
e-mail address, a time zone.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

from msgspec import Meta

from jobtracker_core.contract.info import WHOLE_NAME

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200
"""A date outside of these years is a slip of the finger."""

LINES: Final = "lines"
LINK: Final = "link"
ADDRESS: Final = "address"
ZONE: Final = "zone"

Title = Annotated[str, Meta(min_length=1, max_length=500)]
Name = Annotated[str, Meta(min_length=1, max_length=300)]
Line = Annotated[str, Meta(max_length=300)]
ShortLine = Annotated[str, Meta(max_length=100)]
Email = Annotated[
    str,
    Meta(max_length=254, extra={ADDRESS: True}, extra_json_schema={"pattern": "^[^@]+@[^@]+$"}),
]
Link = Annotated[
    str,
    Meta(
        max_length=2_000,
        description="An absolute http(s) address, without a user's name",
        extra={LINK: True},
        extra_json_schema={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"},
    ),
]
Prose = Annotated[str, Meta(max_length=20_000, extra={LINES: True})]
ShortProse = Annotated[str, Meta(max_length=5_000, extra={LINES: True})]
Markup = Annotated[
    str, Meta(max_length=65_536, description="HTML or plain text", extra={LINES: True})
]
TagName = Annotated[str, Meta(min_length=1, max_length=50)]
ViewName = Annotated[str, Meta(min_length=1, max_length=100)]
SourceName = Annotated[str, Meta(pattern=WHOLE_NAME)]
SourceId = Annotated[str, Meta(min_length=1, max_length=300)]
Year = Annotated[int, Meta(ge=1000, le=2100)]
Amount = Annotated[float, Meta(ge=0, le=1e12)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
Zone = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        description="An IANA time zone, such as Europe/Berlin",
        extra={ZONE: True},
    ),
]
Minutes = Annotated[int, Meta(ge=0, le=40_320, description="Minutes before the start")]
YEARS: Final = {"pattern": "^(19|20|21)[0-9]{2}-|^2200-"}
Moment = Annotated[
    datetime,
    Meta(description=f"In the years {FIRST_YEAR} to {LAST_YEAR}", extra_json_schema=YEARS),
]
Day = Annotated[
    date,
    Meta(description=f"In the years {FIRST_YEAR} to {LAST_YEAR}", extra_json_schema=YEARS),
]
