"""One project's parts, opened from its home: store, mirror, config, files, and the real project.

Everything is built when it is first asked for, so that what needs no server needs no key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lsal.errors import BadConfig, Unreachable
from lsal.home import Home
from lsal.kinds import family_of, match
from lsal.kinds.reading import read_example, read_labelled
from lsal.label_studio import server
from lsal.label_studio.config import Config, read_config
from lsal.label_studio.connection import Connection
from lsal.label_studio.media import Media
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.patience import Patience
from lsal.label_studio.project import Project
from lsal.label_studio.seen import since
from lsal.protocols import Kind
from lsal.records import Control, Example, Task
from lsal.settings import certificates, label_studio_key
from lsal.store import Store


class Desk:
    """The parts of the project whose home is given."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.store = Store(home)
        self.mirror = Mirror(home.path("mirror.sqlite"), home.order_key)
        self.patience = Patience()
        self._config: Config | None = None
        self._connection: Connection | None = None
        self._media: Media | None = None

    @property
    def address(self) -> str | None:
        """Where Label Studio is now; None while lsal's own is down. It may come back on another port."""
        return server.address(self.home.root) if self.home.own_server else self.home.url

    @property
    def url(self) -> str:
        """The address of Label Studio, or Unreachable with the next step."""
        if self.address is None:
            raise Unreachable("lsal's own Label Studio is not running", "Start it: lsal up")
        return self.address

    @property
    def connection(self) -> Connection:
        """The connection to Label Studio, with the root's key."""
        url = self.url  # asked first: that a server is down says more than that there is no key for it
        if self._connection is None or self._connection.url != url:
            name = server.OWN if self.home.own_server else self.home.url
            key, trusted = label_studio_key(self.home.root, name), certificates(self.home.root, url)
            self._connection = Connection(url, key, certificates=trusted, patience=self.patience)
        return self._connection

    @property
    def project(self) -> Project:
        """The real project on the server."""
        return Project(self.connection, self.home.project)

    @property
    def config(self) -> Config:
        """The label config as of the last sync; read from the server before the first."""
        xml = self.mirror.label_config or self.project.read("label_config")["label_config"]
        if self._config is None or self._config.xml != xml:
            self._config = read_config(xml)
        return self._config

    @property
    def handled(self) -> dict[str, tuple[Control, Kind]]:
        """The controls that a kind handles, by name."""
        return match(self.config.controls, self.home.settings().family)[0]

    @property
    def unhandled(self) -> dict[str, str]:
        """Why each other control is left to people, by name."""
        return match(self.config.controls, self.home.settings().family)[1]

    def need_handled(self) -> dict[str, tuple[Control, Kind]]:
        """`handled`, or BadConfig with the reasons if there is none."""
        if not self.handled:
            reasons = "; ".join(self.unhandled.values()) or "the label config has no control"
            raise BadConfig(f"lsal can learn no control of this project: {reasons}", "Add one that it can: <Choices>")
        return self.handled

    def fitting(self, versions: Mapping[str, int]) -> dict[str, int]:
        """Those of the versions that can answer: they are here, and their control can still be answered by them."""
        handled, here = self.handled, set(self.store.numbers())
        known = {name: self.store.get(number) for name, number in versions.items() if number in here}
        return {n: v.number for n, v in known.items() if n in handled and v.can_answer(handled[n][0])}

    def family(self, control: str) -> str:
        """The model family for a control: the project's setting, else what its options or the kind mean."""
        chosen = (self.home.settings().family or {}).get(control)
        return chosen or family_of(self.handled[control][1], None, self.options(control))

    def options(self, control: str) -> Mapping[str, Any]:
        """Options of the control's model family."""
        return (self.home.settings().options or {}).get(control, {})

    @property
    def media(self) -> Media:
        """Files of tasks, fetched once. The key is asked for only when the server has to be."""
        own = server.files_folder(self.home.root) if self.home.own_server else None
        url = self.address or self.home.url
        hosts = self.home.settings().hosts
        if self._media is None or (self._media.url, self._media.hosts) != (url, hosts):
            trusted = certificates(self.home.root, url)
            self._media = Media(self.home.path("media"), url, lambda: self.connection.token(), own, trusted, hosts)
        return self._media

    def fetch(self, url: str, task_id: int) -> Path:
        """A task's file, here."""
        return self.media.fetch(url, task_id)

    def examples(self, control: str, tasks: Iterable[Task]) -> Iterator[Example]:
        """Tasks as the control's model sees them."""
        settings, kind = self.handled[control]
        return (read_example(kind, settings, task, self.fetch) for task in tasks)

    def labelled(self, control: str, tasks: Iterable[Task]) -> Iterator[Example]:
        """Labelled tasks with what people agreed on."""
        settings, kind = self.handled[control]
        return read_labelled(kind, settings, tasks, self.fetch, since(self.mirror, settings))
