"""The facade: what scripts, the command line, the API and the worker all call."""

from jobtracker_core.runner.ending import Collected
from jobtracker_core.tracker.collectors import CollectorOff, CollectorStatus
from jobtracker_core.tracker.installation import JobTracker

__all__ = ["Collected", "CollectorOff", "CollectorStatus", "JobTracker"]
