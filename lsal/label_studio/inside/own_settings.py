"""Settings of lsal's own Label Studio: its own ones, and what else runs in its process."""

from __future__ import annotations

import django.conf  # type: ignore[import-not-found]

# Label Studio's settings ask for Django's while they are read: those have to be theirs, not these.
django.conf.ENVIRONMENT_VARIABLE = "LSAL_SETTINGS_OF_LABEL_STUDIO"
from label_studio.core.settings.label_studio import *  # type: ignore[import-not-found]  # noqa: E402, F403
from label_studio.core.settings.label_studio import MIDDLEWARE as THEIRS  # noqa: E402

django.conf.ENVIRONMENT_VARIABLE = "DJANGO_SETTINGS_MODULE"

# Last: one of theirs sends a request without a slash at its end through all of them again.
MIDDLEWARE = [*THEIRS, "first_user.FirstUser", "one_at_a_time.OneAtATime", "no_tips.NoTips"]
