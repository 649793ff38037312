"""The first user of lsal's own Label Studio, made at its first start with the login that lsal keeps for it.

A process of Label Studio's own that only makes a user takes as long as its start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings  # type: ignore[import-not-found]
from django.core.exceptions import MiddlewareNotUsed  # type: ignore[import-not-found]
from django.db import transaction  # type: ignore[import-not-found]

NEW = "new"
"""As `inside.NEW`: nothing else of lsal can be imported there."""


class FirstUser:
    """Django's middleware: it is begun before the first request is heard, and then not used any further."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        data = Path(settings.BASE_DATA_DIR)
        if (data / NEW).exists():
            _make(json.loads((data.parent / "login.json").read_text()))
            (data / NEW).unlink()
        raise MiddlewareNotUsed


def _make(login: Mapping[str, str]) -> None:
    """The user and the organisation, which has to allow its key now or never; both or neither."""
    from organizations.models import Organization  # type: ignore[import-not-found]
    from rest_framework.authtoken.models import Token  # type: ignore[import-not-found]
    from users.models import User  # type: ignore[import-not-found]

    with transaction.atomic():
        if User.objects.exists():  # ended between this and the end of the mark
            return
        user = User.objects.create_user(login["email"], login["password"], is_staff=True, is_superuser=True)
        Token.objects.filter(user=user).update(key=login["key"])
        user.active_organization = Organization.create_organization(
            created_by=user, title="Label Studio", legacy_api_tokens_enabled=True
        )
        user.save(update_fields=["active_organization"])
