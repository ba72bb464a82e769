"""The core's own checks, one test each."""

from __future__ import annotations

from jobtracker_core.testing import CollectorContract
from jobtracker_linkedin import LinkedIn
from jobtracker_linkedin.practice import LinkedInSite


class TestContract(CollectorContract):
    """On the practice site."""

    collector = LinkedIn
    site = LinkedInSite
