"""The settings: the only place that reads the environment, once `.env` was looked at.

A variable of the environment beats the same one in `.env`, which beats the default. A wrong value
stops the program at start with one line that names the variable. `.env.example` lists every
variable of `Settings`.
"""

from settings.data_folder import ROOT, prepare_data_dir
from settings.environment import SettingsError, export_auth_secret, load, misspelt, read
from settings.login import auth_secret
from settings.settings import Settings

__all__ = [
    "ROOT",
    "Settings",
    "SettingsError",
    "auth_secret",
    "export_auth_secret",
    "load",
    "misspelt",
    "prepare_data_dir",
    "read",
]
