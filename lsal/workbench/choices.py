"""The names that settings and acts may use: strategies, engines, model families that exist."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lsal import engine
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.kinds import family_of, match
from lsal.models import MODELS
from lsal.project_settings import ProjectSettings
from lsal.registry import OWN
from lsal.strategies import STRATEGIES


def check_names(changes: Mapping[str, Any]) -> None:
    """Raise BadRequest, listing what there is, if a change names a strategy, engine or family that is not.

    MLflow too has to be there before anything is mirrored into it.
    """
    if changes.get("strategy"):
        STRATEGIES.require(changes["strategy"])
    if changes.get("engine"):
        engine.need(changes["engine"])
    if changes.get("tracking") == "mlflow" and find_spec("mlflow") is None:
        raise BadRequest("MLflow is not installed here", "Install it: pip install 'lsal[mlflow]'")
    families = changes.get("family")
    for family in families.values() if isinstance(families, Mapping) else ():
        MODELS.require(family)


def check_models(desk: Desk, settings: ProjectSettings) -> None:
    """Raise BadRequest for a family that does not learn its control, options that it does not take, and
    weights that are not on this machine.

    Controls that the label config no longer has are left to the doctor: they may come back.
    """
    for name, (control, kind) in match(desk.config.controls, settings.family)[0].items():
        options, chosen = (settings.options or {}).get(name, {}), (settings.family or {}).get(name)
        if chosen and chosen not in kind.families and MODELS.origin(chosen) == OWN:
            what = f"'{chosen}' does not learn '{name}', {control.tag} on {control.object_tag}"
            raise BadRequest(what, f"Choose one of: {', '.join(kind.families)}")
        try:
            model = MODELS[family_of(kind, chosen, options)](control, options, settings.seed)
            getattr(model, "look_for_weights", _nothing)()
        except BadRequest as error:
            raise BadRequest(
                f"The options of '{name}' cannot be: {error.what}",
                f"{error.fix}; a family and its options can be set at once",
            ) from None


def check_controls(desk: Desk, changes: Mapping[str, Any], before: ProjectSettings) -> None:
    """Raise BadRequest where settings for each control name one that is not, and was not named before."""
    known = [control.name for control in desk.config.controls]
    for setting in ("family", "options"):
        named = changes.get(setting) or {}
        for name in named.keys() - set(known) - (getattr(before, setting) or {}).keys():
            raise BadRequest(
                f"{setting} names the control '{name}', which is not there", f"Choose from: {', '.join(known)}"
            )


def _nothing() -> None:
    """Of a family without weights to look for."""


def check_weights(desk: Desk, settings: ProjectSettings) -> None:
    """Raise BadRequest where the setting `rank_by` names a control that no model can choose by."""
    handled = match(desk.config.controls, settings.family)[0]
    for name in settings.rank_by or {}:
        if name not in handled:
            what = f"rank_by names '{name}', which is no control that lsal can learn"
            raise BadRequest(what, f"Choose from: {', '.join(handled)}")


def located(options: Mapping[str, Mapping[str, Any]] | None) -> Mapping[str, Mapping[str, Any]] | None:
    """The options with files of models as absolute paths: a round may start from another folder."""
    if options is None:
        return None
    return {name: _located(each) for name, each in options.items()}


def _located(options: Mapping[str, Any]) -> Mapping[str, Any]:
    model = options.get("model")
    if isinstance(model, str) and Path(model).exists():
        return {**options, "model": str(Path(model).resolve())}
    return options
