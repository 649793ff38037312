"""The dashboard's settings: a line that says how they stand, and behind a button a field for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import ipywidgets

from lsal.dashboard.look import Look
from lsal.phrases import counted
from lsal.workbench.tuning import Tuning

HINTS = {
    "strategy": "Strategy: how the next batch is picked from what nobody has labelled.",
    "batch": "Batch: how many tasks each ranking publishes, measuring tasks among them.",
    "explore": "Random share: this share of each batch is drawn at random, whatever the strategy prefers. 0 is none.",
    "relabel_share": "Send back: at most this share of each batch are labelled tasks whose label may be wrong.",
    "refill_below": "Refill below: the backend publishes a new batch once less than this share of it is open.",
}
"""What each setting does, in a sentence that begins with its label."""
THRESHOLD = "Show from: people see what the model found in {} from this confidence on."
MOST_THRESHOLDS = 4
"""Controls with a threshold of their own in the row; the others: lsal set options."""
WIDTHS = {"strategy": "208px", "batch": "112px", "explore": "150px", "relabel_share": "122px", "refill_below": "132px"}
Choose = Callable[..., None]


class Field:
    """One setting: what was typed is shown until it is set or refused, then what the disk says."""

    def __init__(self, widget: Any, hint: str, choose: Callable[[Any], None]) -> None:
        self.widget, self.hint, self._choose = widget, hint, choose
        self._known, self._pending, self._offering = widget.value, False, False
        widget.observe(self._changed, "value")

    def show(self, value: Any, why_not: str = "") -> None:
        """Show what is set; a reason why it cannot be changed disables the field."""
        self.widget.disabled, self.widget.tooltip = bool(why_not), f"Not now. {why_not}" if why_not else self.hint
        if not self._pending and value is not None:
            self._known = value
            self.widget.value = value

    def offer(self, options: tuple[str, ...]) -> None:
        """What there is to choose from: new options choose their first one by themselves, which nobody meant."""
        if self.widget.options != options:
            self._offering, before = True, self.widget.value
            try:
                self.widget.options = options
                self.widget.value = before if before in options else options[0]
            finally:
                self._offering = False

    def settle(self) -> None:
        """What was typed is set, or was refused."""
        self._pending = False

    def _changed(self, change: Mapping[str, Any]) -> None:
        if change["new"] not in (self._known, None) and not self._offering:
            self._known, self._pending = change["new"], True
            self._choose(change["new"])


class SettingsRow(ipywidgets.VBox):  # type: ignore[misc]
    """Every setting that people turn between rounds; `tune(name=value)` is called with what a person chose."""

    def __init__(self, tune: Choose) -> None:
        self._tune = tune
        self.fields = {name: self._field(name) for name in HINTS}
        self.thresholds: dict[str, Field] = {}
        self.summary, self.help = ipywidgets.HTML(), ipywidgets.HTML()
        self.grid = ipywidgets.HBox([field.widget for field in self.fields.values()])
        self.grid.add_class("lsal-settings-grid")
        self.form: Any = ipywidgets.VBox([self.grid, self.help])
        self.form.add_class("lsal-settings-form")
        self.opener = ipywidgets.Button(description="Settings", icon="sliders", layout={"width": "112px"})
        self.opener.tooltip = "Show or hide what people turn between rounds."
        self.opener.on_click(lambda _: self._fold(self.form.layout.display != "none"))
        head = ipywidgets.HBox([self.opener, self.summary])
        head.add_class("lsal-settings-head")
        super().__init__([head, self.form])
        self._fold(True)

    def show(self, seen: Look) -> None:
        """Show how the settings stand, or why there are none."""
        told = seen.tuning
        self.summary.value = _line(summary(told)) if told else ""
        why = _why_not(seen)
        if told:
            self.fields["strategy"].offer(tuple(told.strategies))
            self._show_thresholds(told, why)
        for name, field in self.fields.items():
            no = why or _unused(name, told)
            field.show(getattr(told, name) if told else None, no)
        chosen = self.fields["strategy"].widget.value or ""
        said = told.strategies.get(chosen, "") if told else ""
        self.help.value = _line(why or (f"{chosen}: {said}" if said else ""))
        self.fields["strategy"].hint = f"{HINTS['strategy']} {chosen}: {said}" if said else HINTS["strategy"]

    def settle(self) -> None:
        """What was typed is set, or was refused: show again what the disk says."""
        for field in (*self.fields.values(), *self.thresholds.values()):
            field.settle()

    def _field(self, name: str) -> Field:
        label, look = HINTS[name].partition(":")[0], {"style": {"description_width": "initial"}}
        if name == "strategy":
            widget = ipywidgets.Dropdown(description=label, options=["auto"], **look)
        elif name == "batch":
            widget = ipywidgets.IntText(25, description=label, **look)
        else:
            widget = ipywidgets.FloatText(0.0, step=0.05, description=label, **look)
        widget.layout.width = WIDTHS[name]
        return Field(widget, HINTS[name], lambda value: self._tune(**{name: value}))

    def _show_thresholds(self, told: Tuning, why: str) -> None:
        """A field for each control that has one; they come and go with the label config."""
        names = list(told.thresholds)[:MOST_THRESHOLDS]
        if names != list(self.thresholds):
            for gone in self.thresholds.values():
                gone.widget.close()
            self.thresholds = {name: self._threshold(name, len(names) > 1) for name in names}
            shown = (*self.fields.values(), *self.thresholds.values())
            self.grid.children = [field.widget for field in shown]
        for name, field in self.thresholds.items():
            field.show(told.thresholds[name], why)

    def _threshold(self, control: str, named: bool) -> Field:
        label = f"Show {control} from" if named else "Show from"
        look = {"style": {"description_width": "initial"}, "layout": {"width": "auto" if named else "150px"}}
        widget = ipywidgets.FloatText(0.0, step=0.05, description=label, **look)
        return Field(widget, THRESHOLD.format(control), lambda value: self._tune(thresholds={control: value}))

    def _fold(self, away: bool) -> None:
        self.form.layout.display = "none" if away else ""
        self.opener.description = "Settings" if away else "Fewer"


def summary(told: Tuning) -> str:
    """How the settings stand, on one line."""
    parts = [told.strategy, f"{counted(told.batch, 'task')} a batch"]
    parts += [f"{100 * told.explore:.3g} % of it at random"] if told.explore else []
    parts += [f"up to {100 * told.relabel_share:.3g} % sent back"] if told.relabel_share else []
    parts += [
        f"refilled below {100 * told.refill_below:.3g} % open" if told.refill_below else "never refilled by itself"
    ]
    return " \N{MIDDLE DOT} ".join(parts)


def _why_not(seen: Look) -> str:
    """Why no setting can be changed; "" if it can."""
    if seen.status is None:
        return str(seen.error) if seen.error else "Looking at the project ..."
    return f"{seen.parted}." if seen.parted else ""


def _unused(name: str, told: Tuning | None) -> str:
    """Why this one setting says nothing; "" if it does."""
    if name == "explore" and told and told.strategy == "random" and not told.explore:
        return "The strategy draws all of the batch at random already."
    return told.unused.get(name, "") if told else ""


def _line(text: str) -> str:
    return f'<div class="lsal-told">{escape(text)}</div>' if text else ""
