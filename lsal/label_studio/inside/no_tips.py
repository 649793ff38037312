"""Label Studio's pages ask their server for tips, which it would fetch from the network: nothing is fetched here.

No setting switches that off. The answer is the one that Label Studio gives where there is no network, and its pages
then show the tips that they bring along.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import JsonResponse  # type: ignore[import-not-found]

TIPS = "/heidi-tips"


class NoTips:
    """Django's middleware: whoever asks for tips is told that there are none."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: Any) -> Any:
        """Label Studio's own response to everything else."""
        if request.path.rstrip("/").endswith(TIPS):
            return JsonResponse({}, status=404)
        return self._get_response(request)
