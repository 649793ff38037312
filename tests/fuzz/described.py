"""Requests that schemathesis makes of the backend's own description: in its terms, or against them."""

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from lsal.backend.openapi import description

from .asking import DEADLINE_S, GETS, POSTS, Asked, Told
from .guesses import letters

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


def cases(path: str, config: str) -> st.SearchStrategy[Case]:
    """Requests to every address, most to those that take a body, half of them with one that may not be."""
    schemathesis.openapi.format("label-config", st.one_of(st.just(config), letters))
    schema = schemathesis.openapi.from_dict(description(path))
    takers = [
        schema[f"/{route}"]["POST"].as_strategy(generation_mode=mode) for route in POSTS for mode in GenerationMode
    ]
    return st.one_of(*takers, *(schema[f"/{route}"]["GET"].as_strategy() for route in GETS))


def ask(url: str, case: Case) -> tuple[Asked, Told]:
    """Send it, and hold the answer against the description. Raises what a check or the sending finds."""
    answer = case.call(base_url=url, timeout=DEADLINE_S)
    case.validate_response(answer, checks=CHECKS)
    told = Told(answer.status_code, answer.content, answer.elapsed, answer.headers["content-type"][0])
    return Asked(case.method, f"{url}{case.path}"), told
