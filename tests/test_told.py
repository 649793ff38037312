"""JSON that is no answer of Label Studio, as a proxy, a portal or another program gives it: an error that names it."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, cast

import pytest
from test_connection import Listener

from lsal.errors import LabelStudioError
from lsal.files import to_json
from lsal.label_studio import annotated, backend_rows, greeting, listing, predictions
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.told import told

STRANGE = [{"detail": "later"}, {"error": {"code": 7}}, {}, [{"detail": "later"}], [1, 2], ["a"], "ok", 7, True, None]
"""An empty list is not among them: to many questions it is an answer."""
OURS = backend_rows.Whose("secret", "slug", frozenset())
ASK: dict[str, Callable[[Project], Any]] = {
    "meet": lambda project: greeting.meet(project.connection),
    "project": lambda project: project.read("id")["id"],
    "facts": lambda project: greeting.project_facts(project.connection, 1)["label_config"],
    "change": lambda project: project.change(model_version="a"),
    "create": lambda project: Project.create(project.connection, "title", "<View/>"),
    "import": lambda project: project.import_tasks([{"data": {}}]),
    "predictions": lambda project: project.add_predictions([{"task": 1, "model_version": "a"}], safe=True),
    "files": lambda project: project.add_local_files("/tmp", "a"),
    "tasks": lambda project: list(project.tasks([], "id")),
    "count": lambda project: project.count([]),
    "page": lambda project: listing.page_of(project.connection, 1, [], "id,annotations", "tasks:id", 1, 1),
    "backends": lambda project: [row["url"] for row in project.backends()],
    "webhooks": lambda project: [row["url"] for row in backend_rows.hooks_of(project)],
    "connect": lambda project: backend_rows.connect(project, OURS, "http://127.0.0.1:1/secret/slug", "word"),
    "next": lambda project: cast("dict[str, Any]", project.next_task())["id"],
    "submit": lambda project: project.submit(1, [], 1.0),
    "held": predictions.counts,
    "remove": lambda project: predictions.remove(project, "a"),
    "annotated": lambda project: list(annotated.annotated(project, [1])),
}
NONE = ("held", {})
"""An answer: there are no predictions."""


@pytest.fixture(scope="module")
def stranger() -> Iterator[Listener]:
    there = Listener()
    yield there
    there.close()


def asked(stranger: Listener, said: Any) -> Project:
    stranger.say(to_json(said))
    connection = Connection(f"http://127.0.0.1:{stranger.port}", "the-key")
    connection.patience.none()
    return Project(connection, 1)


@pytest.mark.parametrize(
    ("ask", "said"), [(ask, said) for ask in ASK for said in STRANGE if (ask, said) != NONE], ids=str
)
def test_what_is_no_answer_is_named(stranger: Listener, ask: str, said: Any) -> None:
    with pytest.raises(LabelStudioError) as error:
        ASK[ask](asked(stranger, said))
    assert f"http://127.0.0.1:{stranger.port} answer" in error.value.what
    assert error.value.fix


def test_it_is_a_dict_to_everybody_else() -> None:
    row = told({"id": 7, "data": {"text": "a"}}, "somebody answered")
    held = Holds(row)
    assert row == {"id": 7, "data": {"text": "a"}} == json.loads(to_json(row)) == asdict(held)["row"]
    assert type(row | {"id": 8}) is dict
    for same in (copy.deepcopy(row), pickle.loads(pickle.dumps(row))):
        assert same == row
        with pytest.raises(LabelStudioError, match="somebody answered without 'nothing'"):
            same["nothing"]


@dataclass
class Holds:
    row: dict[str, Any]
