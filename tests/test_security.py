"""The page about security names tests that exist, and what `make` starts is closed."""

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def test_every_attack_names_a_test_that_exists() -> None:
    page = (REPOSITORY / "docs" / "7c_security.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (`[^|]+`) \|$", page.partition("## Attacks")[2], re.M)
    assert len(rows) > 60
    for attack, happens, named in rows:
        assert happens.strip(), attack
        file, _, test = named.strip("`").partition("::")
        source = (REPOSITORY / "tests" / file).read_text()
        assert re.search(rf"^\s*def {test}\(", source, re.M), f"{attack}: {file} has no {test}"


def test_every_test_of_attacks_is_on_the_page() -> None:
    page = (REPOSITORY / "docs" / "7c_security.md").read_text()
    named = set(re.findall(r"`(test_\w+\.py)::", page))
    assert named >= {
        f"test_{name}.py" for name in ("backend_limits", "hostile_addresses", "bombs", "private", "full_run")
    }


def test_the_lab_is_on_loopback_and_wants_a_token() -> None:
    done = subprocess.run(["make", "--dry-run", "lab"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    [line] = [line for line in done.stdout.replace("\\\n", " ").splitlines() if "jupyter lab" in line]
    assert "--ip=127.0.0.1" in line.split()
    assert not re.search(r"token|password|allow.origin|allow.remote|disable.check", line, re.IGNORECASE)
    code = "from jupyter_server.auth import identity; one = identity.PasswordIdentityProvider(); "
    code += "print(bool(one.token), one.auth_enabled)"
    drawn = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert drawn.stdout.split() == ["True", "True"], "one is drawn where none is given"
