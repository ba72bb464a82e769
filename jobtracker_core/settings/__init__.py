"""How one program is set up. Built once at the entry point and passed down; there is no global."""

from __future__ import annotations

from jobtracker_core.settings.file import default_config_dir
from jobtracker_core.settings.model import Flag, Settings, default_data_dir
from jobtracker_core.settings.source import SettingError, Source

__all__ = ["Flag", "SettingError", "Settings", "Source", "default_config_dir", "default_data_dir"]
