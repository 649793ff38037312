"""What runs inside the process of lsal's own Label Studio: nothing else of lsal is there."""

from pathlib import Path

SETTINGS = {
    "PYTHONPATH": str(Path(__file__).resolve().parent),
    "DJANGO_SETTINGS_MODULE": "own_settings",
    "LSAL_SETTINGS_OF_LABEL_STUDIO": "label_studio.core.settings.label_studio",
}
"""The environment in which that process finds the modules here, as modules of the top."""

NEW = "new"
"""Stands in the data folder until its first user can sign in: see `first_user`."""
