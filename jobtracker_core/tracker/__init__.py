"""The facade: what scripts, the command line, the API and the worker all call."""

from jobtracker_core.runner.ending import Collected
from jobtracker_core.tracker.collectors import CollectorStatus
from jobtracker_core.tracker.installation import CollectorOff, JobTracker

__all__ = ["Collected", "CollectorOff", "CollectorStatus", "JobTracker"]
