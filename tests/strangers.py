"""Packages that are not lsal's: built by pip from real sources, or laid down as an installer leaves them."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

Points = Mapping[str, Mapping[str, str]]
"""Entry points: group -> name -> module:attribute."""


def installed(folder: Path, name: str, modules: Mapping[str, str], points: Points) -> Path:
    """Install a package with pip, offline, into a folder of its own for PYTHONPATH."""
    source, site = folder / name, folder / f"{name}-site"
    source.mkdir()
    for module, content in modules.items():
        (source / f"{module}.py").write_text(content)
    (source / "pyproject.toml").write_text(_project(name, modules, points))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(site), str(source)], check=True, timeout=400)
    return site


def laid_down(folder: Path, name: str, modules: Mapping[str, str], points: Points) -> Path:
    """The same as an installer leaves it, without the time that pip takes."""
    site = folder / f"{name}-site"
    facts = site / f"{name.replace('-', '_')}-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{n} = {value}\n" for n, value in named.items()) for group, named in points.items()
    ]
    (facts / "entry_points.txt").write_text("\n".join(lines))
    for module, content in modules.items():
        (site / f"{module}.py").write_text(content)
    return site


def _project(name: str, modules: Mapping[str, str], points: Points) -> str:
    lines = ["[build-system]", 'requires = ["hatchling"]', 'build-backend = "hatchling.build"']
    lines += ["[project]", f'name = "{name}"', 'version = "1.0"']
    for group, named in points.items():
        lines += [f'[project.entry-points."{group}"]', *(f'{n} = "{value}"' for n, value in named.items())]
    included = ", ".join(f'"{module}.py"' for module in modules)
    return "\n".join([*lines, "[tool.hatch.build.targets.wheel]", f"include = [{included}]", ""])
