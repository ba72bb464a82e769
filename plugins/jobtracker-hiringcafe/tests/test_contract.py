"""HiringCafe keeps the contract."""

from __future__ import annotations

from jobtracker_core.testing import CollectorContract
from jobtracker_hiringcafe import HiringCafe
from jobtracker_hiringcafe.practice import HiringCafeSite


class TestContract(CollectorContract):
    collector = HiringCafe
    site = HiringCafeSite
    query = {"text": "engineer"}
