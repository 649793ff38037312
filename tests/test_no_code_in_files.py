"""Files that hold code: weights, arrays, configurations and archives from elsewhere are read, and never executed."""

import ast
import io
import os
import pickle
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from text_toys import encoder

from lsal.errors import BadRequest, LsalError
from lsal.models.heads import Head, kept_whole
from lsal.models.hub import HERE, read_tokenizer
from lsal.models.linear_head import LinearHead
from lsal.models.text_space import TextSpace
from lsal.models.vision_backbone import _backbone
from lsal.records import Control
from lsal.scored import _load

PACKAGE = Path(__file__).resolve().parents[1] / "lsal"


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[Path]:
    """The folder that a bomb would make; a test in which it is there has failed."""
    place = tmp_path / "sprung"
    yield place
    assert not place.exists()


def test_the_bomb_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


def array(mark: Path) -> bytes:
    """What numpy would unpickle, were it allowed to."""
    written = io.BytesIO()
    np.save(written, np.array([Bomb(mark)], dtype=object), allow_pickle=True)
    return written.getvalue()


def arrays(path: Path, mark: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(f"{name}.npy", array(mark))


CONTROL = Control("c", "t", "Choices", "Text", "text", ("a", "b"))


def test_a_head_of_a_version_executes_nothing(tmp_path: Path, mark: Path) -> None:
    arrays(tmp_path / "head.npz", mark, "coef", "intercept", "weights", "bias", "classes", "scale", "mean")
    with pytest.raises(LsalError, match="plain arrays"):
        LinearHead.load(tmp_path / "head.npz", CONTROL)


def test_a_vocabulary_of_a_version_executes_nothing(tmp_path: Path, mark: Path) -> None:
    arrays(tmp_path / "space.npz", mark, "idf", "terms", "words", "counts")
    (tmp_path / "words.json").write_text('["a"]')
    with pytest.raises(ValueError, match="allow_pickle"):
        TextSpace.load(tmp_path)


def test_arrays_of_a_home_execute_nothing(tmp_path: Path, mark: Path) -> None:
    (tmp_path / "chances.npy").write_bytes(array(mark))
    with pytest.raises(ValueError, match="Python objects"):
        _load(tmp_path / "chances.npy")


def weights(folder: Path, mark: Path) -> str:
    """A folder of the hub whose weights are a pickle with code in it, in each of the forms that torch had."""
    import torch

    encoder(folder)
    (folder / "model.safetensors").unlink()
    torch.save({"embeddings.word_embeddings.weight": Bomb(mark)}, folder / "pytorch_model.bin")
    return str(folder)


@pytest.mark.parametrize("auto", ["AutoModelForSequenceClassification", "AutoModelForTokenClassification", "AutoModel"])
@pytest.mark.parametrize("old", [False, True])
def test_weights_from_elsewhere_execute_nothing(tmp_path: Path, mark: Path, auto: str, old: bool) -> None:
    folder = weights(tmp_path / "given", mark)
    if old:
        (tmp_path / "given" / "pytorch_model.bin").write_bytes(pickle.dumps({"x": Bomb(mark)}, 2))
    with pytest.raises(Exception, match=r"(?i)weights.?only|unpickl|pickle|unsupported|safetensors"):
        Head(auto, "transformers_text").given(folder)


def test_a_version_takes_tensors_alone(tmp_path: Path, mark: Path) -> None:
    folder = weights(tmp_path / "network", mark)
    with pytest.raises(LsalError, match="does not hold the network"), kept_whole(Path(folder)):
        Head("AutoModelForSequenceClassification", "transformers_text").read(Path(folder))


def test_a_vision_model_from_elsewhere_executes_nothing(tmp_path: Path, mark: Path) -> None:
    from image_toys import given

    folder = Path(given(tmp_path / "given"))
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"x": Bomb(mark)}, 2))
    with pytest.raises(Exception, match=r"(?i)vision model|pickl|safetensors|weights"):
        _backbone(str(folder))


@pytest.mark.parametrize("name", ["tokenizer_config.json", "config.json"])
def test_a_tokenizer_brings_no_code_of_its_own(tmp_path: Path, mark: Path, name: str) -> None:
    encoder(tmp_path / "given")
    (tmp_path / "given" / "evil.py").write_text(f"import os\nos.mkdir({str(mark)!r})\nclass T: pass\n")
    auto = '{"auto_map": {"AutoTokenizer": ["evil.T", "evil.T"], "AutoConfig": "evil.T"}, "tokenizer_class": "T"}'
    (tmp_path / "given" / name).write_text(auto)
    with suppress(BadRequest):  # one of the two still makes a tokenizer, of the vocabulary beside it
        read_tokenizer(str(tmp_path / "given"), "transformers_text")


def test_everything_of_transformers_is_read_so() -> None:
    assert HERE == {"local_files_only": True, "trust_remote_code": False}
    for path, call in calls("from_pretrained"):
        passed = [ast.unparse(one.value) for one in call.keywords if one.arg is None]
        assert passed == ["HERE"], f"{path}:{call.lineno}"


# What lsal never does ------------------------------------------------------------------

UNPACKERS = {"zipfile", "tarfile", "gzip", "bz2", "lzma", "shelve", "marshal", "dill", "cloudpickle", "joblib", "yaml"}
UNPICKLES = {"engine/carrier.py", "engine/carrying.py", "engine/hand.py"}
"""Between a job and its own Ray workers, which run what they are sent: whoever reaches Ray can do that anyhow."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in PACKAGE.rglob("*.py"):
        if "testing" not in path.parts:
            yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                told = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if told in names:
                    yield path, node


def imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


def test_lsal_unpacks_no_archive_and_unpickles_nothing_but_rays_own() -> None:
    """A bomb, or a path that leads out, needs an archive that somebody unpacks."""
    users = {path: imported(tree) & (UNPACKERS | {"pickle"}) for path, tree in trees()}
    assert {path: found for path, found in users.items() if found} == {path: {"pickle"} for path in UNPICKLES}
    assert {path for path, _ in calls("unpack_archive", "extractall", "extract_archive")} == set()


def test_arrays_are_read_without_pickle_and_torch_reads_no_file() -> None:
    for path, call in calls("load", "loads"):
        text = ast.unparse(call)
        if text.startswith("np.load("):
            assert "allow_pickle=False" in text, f"{path}: {text}"
        assert not text.startswith("torch.load("), path
        assert not text.startswith("pickle.load") or path in UNPICKLES, path


def test_nothing_is_evaluated_but_what_the_user_plugged_in() -> None:
    found = {(path, ast.unparse(call.func)) for path, call in calls("eval", "exec", "compile", "__import__", "system")}
    assert {(path, name) for path, name in found if name in ("eval", "exec", "__import__", "os.system")} == {
        ("plugins.py", "exec")
    }
    assert not [path for path, call in calls("Popen", "run") if "shell=True" in ast.unparse(call)]
