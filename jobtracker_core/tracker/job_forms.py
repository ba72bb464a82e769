"""Jobs as a person or a script enters them, and how that becomes a posting like any other."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.posting import (
    Employment,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Remote,
    Seniority,
)
from jobtracker_core.ingest.normalise import Unreadable, normalise
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.edits import EDITABLE
from jobtracker_core.storage.fields import (
    Amount,
    Country,
    Currency,
    Line,
    Link,
    Markup,
    Moment,
    Name,
    ShortLine,
    SourceId,
    SourceName,
    Title,
)

BY_HAND: Final = "manual"
"""The source of jobs that nobody collected."""


class JobDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job to be entered.

    Attributes:
        title: Of the position.
        url: Of the posting.
        source: Where it comes from: a collector's name, or any other word.
        source_id: What its site calls it; made if it is not given.
        company: The employer's name, in whatever spelling.
        place: As the site shows it; city, region and country are read out of it where they are
            not given.
        city: Of the place.
        region: Of the place, such as a state.
        country: Of the place.
        remote: Where the work is done.
        employment: Kinds of employment that are offered.
        seniority: The level that is asked for.
        skills: What one should know.
        language: That the posting is written in, such as `en`.
        pay_text: What the posting says of pay; amounts are read out of it where none are given.
        pay_min: In whole units of `pay_currency` for one `pay_interval`.
        pay_max: As `pay_min`, and not below it.
        pay_currency: Of the amounts.
        pay_interval: What the amounts are for.
        posted_at: When the posting came out.
        apply_url: Where one applies, if that is another address.
        closed: Whether nobody can apply any more.
        description: It is sanitised.
    """

    title: Title
    url: Link
    source: SourceName = BY_HAND
    source_id: SourceId | None = None
    company: Name | None = None
    place: Line | None = None
    city: Line | None = None
    region: Line | None = None
    country: Country | None = None
    remote: Remote | None = None
    employment: tuple[Employment, ...] | None = None
    seniority: Seniority | None = None
    skills: tuple[ShortLine, ...] | None = None
    language: ShortLine | None = None
    pay_text: Line | None = None
    pay_min: Amount | None = None
    pay_max: Amount | None = None
    pay_currency: Currency | None = None
    pay_interval: PayInterval | None = None
    posted_at: Moment | None = None
    apply_url: Link | None = None
    closed: bool | None = None
    description: Markup | None = None


class JobChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become different of a job; what is not given stays, null empties.

    What is set here is kept whatever is collected later. Place, city, region and country are one
    field, and so is all that begins with `pay_`: if one of them is given, those that are not are
    emptied.

    Attributes:
        release: Fields that are to follow the site again, by the names that a job's `edited` has.
    """

    title: Title | UnsetType = UNSET
    url: Link | UnsetType = UNSET
    company: Name | UnsetType | None = UNSET
    place: Line | UnsetType | None = UNSET
    city: Line | UnsetType | None = UNSET
    region: Line | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    remote: Remote | UnsetType | None = UNSET
    employment: tuple[Employment, ...] | UnsetType | None = UNSET
    seniority: Seniority | UnsetType | None = UNSET
    skills: tuple[ShortLine, ...] | UnsetType | None = UNSET
    language: ShortLine | UnsetType | None = UNSET
    pay_text: Line | UnsetType | None = UNSET
    pay_min: Amount | UnsetType | None = UNSET
    pay_max: Amount | UnsetType | None = UNSET
    pay_currency: Currency | UnsetType | None = UNSET
    pay_interval: PayInterval | UnsetType | None = UNSET
    posted_at: Moment | UnsetType | None = UNSET
    apply_url: Link | UnsetType | None = UNSET
    closed: bool | UnsetType = UNSET
    description: Markup | UnsetType | None = UNSET
    release: tuple[ShortLine, ...] = ()


_PLACE = ("place", "city", "region", "country")
_PAY = ("pay_text", "pay_min", "pay_max", "pay_currency", "pay_interval")
_AS_THEY_ARE = tuple(name for name in EDITABLE if name not in {"places", "pay"})


def to_record(entered: dict[str, Any], *, source_id: str, title: str, url: str) -> Record:
    """Make of what was entered what a collector's posting becomes.

    `title` and `url` stand in where none was entered. Raises FormError for a field of which
    nothing would be left.
    """
    fields = {name: entered[name] for name in _AS_THEY_ARE if entered.get(name) is not None}
    named = {"title": title, "url": url, **fields}
    posting = Posting(source_id=source_id, places=_place(entered), pay=_pay(entered), **named)
    try:
        record = normalise(posting)
    except Unreadable as error:
        raise FormError({error.field: error.reason}) from error
    lost = [name for name in fields if name != "apply_url" and getattr(record, name) is None]
    lost += ["place"] * (posting.places is not None and record.places is None)
    lost += ["pay_text"] * (posting.pay is not None and record.pay is None)
    if lost:
        raise FormError(dict.fromkeys(lost, "says nothing that can be stored"))
    return record


def fields_of(given: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields of a job that changes set."""
    names = set(given)
    groups = {"places": _PLACE, "pay": _PAY}
    return tuple(
        name for name in EDITABLE if name in names or names.intersection(groups.get(name, ()))
    )


def check_release(release: tuple[str, ...], fields: tuple[str, ...]) -> None:
    """Raise FormError for a field that there is not, or that is set at the same time."""
    for name in release:
        if name not in EDITABLE:
            allowed = ", ".join(EDITABLE)
            raise FormError({"release": f"there is no field {name!r}; there are {allowed}"})
        if name in fields:
            raise FormError({"release": f"{name} cannot be set and released at once"})


def _place(entered: dict[str, Any]) -> tuple[Place, ...] | None:
    text, *parts = (entered.get(name) for name in _PLACE)
    city, region, country = parts
    if text is None and city is None and region is None and country is None:
        return None
    return (Place(text=text, city=city, region=region, country=country),)


def _pay(entered: dict[str, Any]) -> Pay | None:
    text, low, high, currency, interval = (entered.get(name) for name in _PAY)
    if text is None and low is None and high is None:
        if currency is None and interval is None:
            return None
        raise FormError({"pay_min": "must be given with a currency or an interval"})
    kind = PayKind.PARSED if low is None and high is None else PayKind.STATED
    return Pay(text=text, min=low, max=high, currency=currency, interval=interval, kind=kind)
