"""The two collectors with a practice site keep the contract; the others, what needs none."""

from __future__ import annotations

from jobtracker_core.testing import CollectorContract
from jobtracker_jobspy import BDJobs, HelloWork
from jobtracker_jobspy.practice import BDJobsSite, HelloWorkSite


class TestBDJobs(CollectorContract):
    collector = BDJobs
    site = BDJobsSite


class TestHelloWork(CollectorContract):
    collector = HelloWork
    site = HelloWorkSite
