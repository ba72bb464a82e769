"""The part of the facade that is a person's: what they keep, and what they make of it."""

from __future__ import annotations

from functools import cached_property

from jobtracker_core.tracker.applications import Applications
from jobtracker_core.tracker.calendar import Calendar
from jobtracker_core.tracker.companies import Companies
from jobtracker_core.tracker.contacts import Contacts
from jobtracker_core.tracker.dismissals import Dismissals
from jobtracker_core.tracker.jobs import Jobs
from jobtracker_core.tracker.stats import Stats
from jobtracker_core.tracker.tags import Tags
from jobtracker_core.tracker.timeline import Timeline
from jobtracker_core.tracker.today import Today
from jobtracker_core.tracker.views import Views


class Tracking:
    """Jobs, and all that is kept about them; each class says itself what it is."""

    jobs = cached_property(Jobs)
    companies = cached_property(Companies)
    applications = cached_property(Applications)
    timeline = cached_property(Timeline)
    contacts = cached_property(Contacts)
    tags = cached_property(Tags)
    dismissals = cached_property(Dismissals)
    views = cached_property(Views)
    calendar = cached_property(Calendar)
    stats = cached_property(Stats)
    today = cached_property(Today)
