"""The family `embedded_text`: each text embedded once, encoders that are not there or have changed, the loop."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from projects import demo_of_texts
from switches import do
from text_toys import encoder, shared_encoder, tokenizer

from lsal.desk import Desk
from lsal.errors import BadData, BadRequest, LsalError, NoVersion
from lsal.kinds import family_of
from lsal.kinds.text_choices import TextChoices
from lsal.label_studio.server import Server
from lsal.models.embedded_text import EmbeddedText, encoding
from lsal.models.embedded_text.encoder import find_encoder
from lsal.models.embedded_text.wishes import read_wishes
from lsal.records import Example, Labels, Passage
from lsal.rehearsal import rehearse
from lsal.testing.materials import MULTIPLE, SINGLE, ignore, texts, toy
from lsal.testing.models import same
from lsal.workbench import Workbench


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return toy(texts, tmp_path)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts went through a network, each time."""
    whole, seen = encoding._forward, list[int]()

    def counted(given: Any, words: Any, module: Any, tokens: Any) -> Any:
        seen.append(len(tokens))
        return whole(given, words, module, tokens)

    monkeypatch.setattr(encoding, "_forward", counted)
    return seen


def made(folder: str, keep_in: Path | None = None, **options: Any) -> EmbeddedText:
    model = EmbeddedText(SINGLE, {"model": folder, **options})
    if keep_in:
        model.keep_in(keep_in)
    return model


def test_a_text_goes_through_the_network_once(examples: list[Example], tmp_path: Path, passes: list[int]) -> None:
    folder = encoder(tmp_path / "encoder")
    model = made(folder, tmp_path / "kept")
    model.fit(examples, [], [], ignore)
    assert sum(passes) == 12
    before = model.predict([*examples, examples[0], Example(7, "something new")])
    assert sum(passes) == 13
    model.save(_new(tmp_path / "version"))
    loaded = EmbeddedText.load(tmp_path / "version", SINGLE)
    loaded.keep_in(tmp_path / "kept")
    same(before, loaded.predict([*examples, examples[0], Example(7, "something new")]))
    assert sum(passes) == 13
    assert not [path for path in (tmp_path / "version").iterdir() if path.stat().st_size > 20_000]


def test_another_process_that_finds_all_texts_loads_no_network(examples: list[Example], tmp_path: Path) -> None:
    folder = encoder(tmp_path / "encoder")
    model = made(folder, tmp_path / "kept")
    model.fit(examples, [], [], ignore)
    model.save(_new(tmp_path / "version"))
    told = model.predict(examples[:2])[1].chances.tolist()
    code = f"""
import json, sys
from pathlib import Path
from lsal.models.embedded_text import EmbeddedText
from lsal.records import Example
from lsal.testing.materials import SINGLE
model = EmbeddedText.load(Path({str(tmp_path / "version")!r}), SINGLE)
model.keep_in(Path({str(tmp_path / "kept")!r}))
told = model.predict([Example(1, {examples[1].input!r})])[0].chances.tolist()
print(json.dumps([told, [name for name in ("torch", "transformers") if name in sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [told, []]


def test_the_embedding_is_the_mean_of_the_tokens_that_are_text(tmp_path: Path) -> None:
    """Whatever stands beside a text; as transformers gives it, without lsal."""
    from transformers import AutoModel

    folder = encoder(tmp_path / "encoder")
    long = "a dog barks at postmen and the cat purrs on the mat"
    for pooling in ("mean", "cls"):
        (tmp_path / "encoder" / "1_Pooling").mkdir(exist_ok=True)
        kept = {"pooling_mode_cls_token": pooling == "cls", "pooling_mode_mean_tokens": pooling == "mean"}
        (tmp_path / "encoder" / "1_Pooling" / "config.json").write_text(json.dumps(kept))
        with torch.inference_mode():
            states = AutoModel.from_pretrained(folder)(**tokenizer()("a cat", return_tensors="pt")).last_hidden_state[0]
        wanted = (states.mean(0) if pooling == "mean" else states[0]).numpy()
        found = made(folder).embed([Example(1, "a cat"), Example(2, long), Example(3, " "), Example(4, None)])
        assert found[0] == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-5)
        assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 0, 0])


def test_a_pooling_that_is_not_known_is_refused(tmp_path: Path) -> None:
    folder = encoder(tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_lasttoken": true}')
    with pytest.raises(BadRequest, match="makes one vector of a text by lasttoken"):
        made(folder).embed([Example(1, "a cat")])


def test_what_lies_behind_the_length_is_cut_off(tmp_path: Path) -> None:
    one, other = Example(1, "the cat purrs on the mat"), Example(2, "the cat barks at postmen")
    near, far = (made(shared_encoder(), length=length).embed([one, other]) for length in (4, 8))
    assert near[0] == pytest.approx(near[1], abs=1e-6)
    assert np.abs(far[0] - far[1]).max() > 0.01
    endless = Example(3, "cat " * 5000)
    assert np.isfinite(made(shared_encoder()).embed([endless])).all()
    with pytest.raises(BadRequest, match="reads at most 64 tokens, not 65"):
        made(shared_encoder(), length=65).embed([one])
    assert find_encoder(read_wishes({"model": shared_encoder()})).length == 64


def test_a_passage_is_read_as_its_text() -> None:
    one, other = made(shared_encoder()).embed([Example(1, Passage("the cat")), Example(2, "the cat")])
    assert np.array_equal(one, other)


def test_several_labels_at_once_and_none(tmp_path: Path) -> None:
    shown = [Example(n, texts(tmp_path, "cat", n), Labels(("cat", "eel"))) for n in range(6)]
    shown += [Example(9 + n, texts(tmp_path, "dog", n), Labels()) for n in range(6)]
    model = EmbeddedText(MULTIPLE, {"model": shared_encoder(), "strength": 100})
    model.fit(shown, [], [], ignore)
    assert [p.target for p in model.predict([shown[0], shown[-1]])] == [Labels(("cat", "eel")), Labels()]


class TestWhatIsNotThere:
    """Errors that say what was wanted, where was looked, and what to give."""

    def test_no_model_given(self) -> None:
        with pytest.raises(BadRequest, match=r"needs the encoder .* as the option 'model'") as error:
            EmbeddedText(SINGLE)
        assert "/path/to/folder" in error.value.fix

    def test_a_model_that_is_nowhere(self, examples: list[Example], tmp_path: Path) -> None:
        with pytest.raises(BadRequest, match=r"no encoder of texts 'some/encoder' here: .* download in ") as error:
            made("some/encoder").fit(examples, [], [], ignore)
        assert "model=/path/to/folder" in error.value.fix
        with pytest.raises(BadRequest, match="holds no encoder of texts that loads"):
            made(str(tmp_path)).embed(examples)
        (tmp_path / "config.json").write_text('{"model_type": "bert"}')
        with pytest.raises(BadRequest, match="it has no weights"):
            made(str(tmp_path)).embed(examples)

    def test_weights_of_something_else(self, examples: list[Example], tmp_path: Path) -> None:
        from safetensors.numpy import save_file

        folder = encoder(tmp_path)
        save_file({"other.weight": np.zeros(3, np.float32)}, tmp_path / "model.safetensors", {"format": "pt"})
        with pytest.raises(BadRequest, match="holds no weights for BertModel"):
            made(folder).embed(examples)

    def test_an_encoder_that_changed_or_went_since(self, examples: list[Example], tmp_path: Path) -> None:
        folder = encoder(tmp_path / "encoder")
        model = made(folder)
        model.fit(examples, [], [], ignore)
        model.save(_new(tmp_path / "version"))
        other = encoder(tmp_path / "encoder", seed=1)
        assert other == folder
        for ask in (lambda: EmbeddedText.load(tmp_path / "version", SINGLE), lambda: model.predict(examples)):
            with pytest.raises(BadData, match=f"The encoder '{folder}' has changed since") as error:
                ask()
            assert "train again: lsal train" in error.value.fix
        (tmp_path / "encoder").rename(tmp_path / "away")
        with pytest.raises(BadRequest, match=f"no encoder of texts '{folder}' here"):
            EmbeddedText.load(tmp_path / "version", SINGLE)
        encoder(tmp_path / "encoder")
        assert EmbeddedText.load(tmp_path / "version", SINGLE).predict(examples[:1])[0].target == Labels(("cat",))

    def test_unfitted(self, tmp_path: Path) -> None:
        with pytest.raises(NoVersion, match="never fitted"):
            made(shared_encoder()).predict([Example(1, "x")])
        with pytest.raises(NoVersion):
            made(shared_encoder()).save(tmp_path)


def test_out_of_memory_asks_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [Example(n, f"the cat number {n}") for n in range(9)]
    wanted, whole = made(shared_encoder()).embed(given), encoding._forward

    def narrow(encoder: Any, words: Any, module: Any, tokens: Any) -> Any:
        if len(tokens) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(encoder, words, module, tokens)

    monkeypatch.setattr(encoding, "_forward", narrow)
    monkeypatch.setattr("lsal.models.kept_vectors._opened", {})
    most = 2
    assert made(shared_encoder()).embed(given) == pytest.approx(wanted, abs=1e-5)
    most = 0
    with pytest.raises(BadRequest, match="no memory on cpu to read one text of 64 tokens"):
        made(shared_encoder()).embed([Example(1, "another cat")])


def test_options_are_checked() -> None:
    for options, told in (({"size": 3}, "no option 'size'"), ({"length": 2}, "cannot be 2"), ({"strength": 0}, "be 0")):
        with pytest.raises(BadRequest, match=told):
            EmbeddedText(SINGLE, {"model": "x", **options})


def test_it_is_meant_where_a_model_is_given_and_no_family() -> None:
    assert family_of(TextChoices(), None, {"model": "x"}) == "embedded_text"
    assert family_of(TextChoices(), None, {"strength": 2}) == family_of(TextChoices(), None) == "sklearn_text"
    assert family_of(TextChoices(), "random", {"model": "x"}) == "random"


def test_a_replay_embeds_each_text_once(tmp_path: Path, passes: list[int]) -> None:
    rows = [{"text": texts(tmp_path, label, n), "label": label} for n in range(20) for label in ("cat", "dog")]
    folder = encoder(tmp_path / "encoder", seed=3)
    done = rehearse(rows, strategies=["margin"], start=6, batch=6, budget=18, seeds=1, options={"model": folder})
    assert done
    assert sum(passes) == 40


def test_a_round_on_a_real_label_studio(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, 40, 6, hold_out=0.0)
    folder = encoder(tmp_path / "encoder")
    with pytest.raises(BadRequest, match="sklearn_text has no option 'model'"):
        bench.configure(family={"label": "sklearn_text"}, options={"label": {"model": folder}})
    bench.configure(options={"label": {"model": folder}}, measuring_share=0.2)
    assert Desk(bench.home).family("label") == "embedded_text"
    bench.sync()
    do(bench, "rank")
    bench.label()
    assert do(bench, "round")["exact"]
    (version,) = bench.versions()
    assert (version.family, version.promoted) == ("embedded_text", True)
    (kept,) = bench.home.path("embeddings").iterdir()
    assert kept.name == find_encoder(read_wishes({"model": folder})).digest
    task = next(bench.desk.mirror.tasks())
    (told,) = bench.predict(bench.desk.config.xml, [{"id": task.id, "data": task.data}])
    assert told["model_version"] == f"lsal-label.v{version.number}"
    encoder(tmp_path / "encoder", seed=5)
    with pytest.raises(LsalError, match="has changed since"):
        Workbench.of(bench.home).predict(bench.desk.config.xml, [{"id": task.id, "data": task.data}])


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
