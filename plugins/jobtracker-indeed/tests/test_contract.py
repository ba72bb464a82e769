"""The core's own checks, one test each."""

from __future__ import annotations

from jobtracker_core.testing import CollectorContract
from jobtracker_indeed import Indeed
from jobtracker_indeed.practice import IndeedSite


class TestContract(CollectorContract):
    """On the practice site."""

    collector = Indeed
    site = IndeedSite
