"""The laws of models, over every registered family and both kinds of choice; then each family's own cases."""

from __future__ import annotations

import numpy as np
import pytest
from image_toys import LEARNS
from laws import over
from PIL import Image
from scipy.sparse import csr_matrix
from text_toys import BERT, shared_encoder
from yolo_toys import CLASSES_OF_IMAGES, QUICK

from lsal.errors import BadData, BadRequest, LsalError, NoVersion
from lsal.kinds import KINDS
from lsal.models import MODELS, linear_head
from lsal.models.linear_head import STEP, LinearHead
from lsal.models.pixels import PIXEL_LIMIT, gradient_features, read_image
from lsal.records import Example, Labels
from lsal.testing import ModelContract, materials
from lsal.testing.materials import CLASSES, SINGLE, ignore, images, texts
from lsal.testing.materials import MULTIPLE as SEVERAL
from lsal.testing.models import same

CHOOSERS = [name for name in MODELS if any(name in KINDS[kind].families for kind in KINDS if "choices" in kind)]
"""Families of classes: those that mark spans or draw have contracts of their own."""
LEARNERS = [family for family in CHOOSERS if family != "random"]
SETTINGS = {
    "yolo": CLASSES_OF_IMAGES,
    "transformers_image": LEARNS,
    "embedded_text": {"model": shared_encoder()},
    "transformers_text": {"model": BERT, "epochs": 12, "patience": 0, "batch": 4, "learning_rate": 0.003, "length": 32},
}
QUICKER = {"yolo": QUICK, "transformers_image": {"epochs": 1}, "transformers_text": {"epochs": 1}}
LINEAR = [family for family in LEARNERS if family not in SETTINGS]
"""What is exact about these is not about a network."""


def material(family):
    """What a family reads: texts if a kind of texts names it, else pictures."""
    return texts if any(family in KINDS[name].families for name in KINDS if "text" in name) else images


globals().update(
    over(
        MODELS,
        ModelContract,
        only=CHOOSERS,
        inputs=material,
        learns=lambda family: family in LEARNERS,
        options=lambda family: SETTINGS.get(family, {}),
        quick=lambda family: QUICKER.get(family, {}),
        controls=lambda family: (SINGLE,) if family == "yolo" else (SINGLE, SEVERAL),
    )
)


def toy(family, folder, size=12):
    return materials.toy(material(family), folder, size)


def sample(family, folder, label, number):
    return material(family)(folder, label, number)


def fitted(family, control, examples, report=ignore, seed=0):
    model = MODELS[family](control, seed=seed)
    model.fit(examples, examples, [], report)
    return model


@pytest.mark.parametrize("family", LINEAR)
def test_an_unreadable_example_gets_the_prior_and_is_not_learned(family, tmp_path):
    examples = toy(family, tmp_path, 13)
    broken = tmp_path / "cut.png"
    broken.write_bytes(b"no picture") if family.startswith("image") else None
    bad = Example(5, broken if family.startswith("image") else "  ", Labels(("eel",)))
    predictions = fitted(family, SINGLE, [bad, *examples]).predict([bad, Example(6, None)])
    for p in predictions:
        assert p.chances[0] == pytest.approx([7 / 13, 6 / 13, 0])


@pytest.mark.parametrize("control", [SINGLE, SEVERAL], ids=["single", "several"])
@pytest.mark.parametrize("family", LINEAR)
def test_a_class_that_was_never_shown_has_no_chance(family, control, tmp_path):
    examples = toy(family, tmp_path)
    for p in fitted(family, control, examples).predict(examples):
        assert (p.chances[2, 1] if control.several else p.chances[0, 2]) == 0  # eels were never shown


@pytest.mark.parametrize("family", LINEAR)
def test_one_class_alone_is_certain_of_it(family, tmp_path):
    examples = [e for e in toy(family, tmp_path) if e.target == Labels(("dog",))]
    for p in fitted(family, SINGLE, examples).predict(examples):
        assert p.target == Labels(("dog",))
        assert p.chances.tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("family", ["sklearn_text", "image_features"])
def test_several_labels_at_once_and_none(family, tmp_path):
    cats, dogs = (sample(family, tmp_path, label, 1) for label in ("cat", "dog"))
    examples = [Example(i, cats, Labels(("cat", "eel"))) for i in range(5)]
    examples += [Example(9 + i, dogs, Labels(())) for i in range(5)]
    predictions = fitted(family, SEVERAL, examples).predict([examples[0], examples[-1]])
    assert [p.target for p in predictions] == [Labels(("cat", "eel")), Labels(())]


@pytest.mark.parametrize("family", ["sklearn_text", "image_features"])
def test_embeddings_come_before_labels_and_agree_with_predictions(family, tmp_path):
    examples = toy(family, tmp_path)
    before = MODELS[family](SINGLE).embed(examples)
    assert before.dtype == np.float32
    assert before.shape[0] == 12
    after = fitted(family, SINGLE, examples).predict(examples)
    assert np.array_equal(before, np.stack([p.embedding for p in after]))


@pytest.mark.parametrize("family", ["sklearn_text", "image_features"])
def test_unfitted_it_says_so(family, tmp_path):
    with pytest.raises(NoVersion, match="never fitted"):
        MODELS[family](SINGLE).predict([Example(1, "x")])
    with pytest.raises(NoVersion):
        MODELS[family](SINGLE).save(tmp_path)


def test_an_unknown_label_names_both():
    with pytest.raises(BadData, match="no label 'fox', only: cat, dog, eel"):
        fitted("sklearn_text", SINGLE, [Example(1, "a fox", Labels(("fox",)))])


def test_random_differs_by_task_and_seed_only():
    model = fitted("random", SINGLE, [Example(1, "x", Labels(("cat",)))])
    one, two = model.predict([Example(1, "x"), Example(2, "x")])
    assert not np.array_equal(one.chances, two.chances)
    assert np.array_equal(one.chances, model.predict([Example(1, "other")])[0].chances)
    other = fitted("random", SINGLE, [Example(1, "x", Labels(("cat",)))], seed=1)
    assert not np.array_equal(one.chances, other.predict([Example(1, "x")])[0].chances)


def test_texts_without_a_word_are_refused_and_single_letters_are_words():
    with pytest.raises(BadData, match="no word"):
        fitted("sklearn_text", SINGLE, [Example(1, "?!", Labels(("cat",)))])
    letters = [Example(i, "ab"[i % 2], Labels((CLASSES[i % 2],))) for i in range(6)]
    assert [p.target for p in fitted("sklearn_text", SINGLE, letters).predict(letters)] == [e.target for e in letters]


def test_the_pool_teaches_words_that_no_label_shows(monkeypatch):
    monkeypatch.setattr("lsal.models.text_space.DIMENSIONS", 3)
    pool = [
        Example(i, f"kitten {w} cat") for i, w in enumerate(["my", "your", "his", "her", "our", "its", "the", "that"])
    ]
    pool += [Example(20 + i, f"puppy {e.input.split()[1]} dog") for i, e in enumerate(pool)]
    labelled = [Example(50, "cat", Labels(("cat",))), Example(51, "dog", Labels(("dog",)))]
    model = MODELS["sklearn_text"](SINGLE)
    model.fit(labelled, pool, [], ignore)
    kitten, puppy = model.predict([Example(1, "kitten"), Example(2, "puppy")])
    assert (kitten.target, puppy.target) == (Labels(("cat",)), Labels(("dog",)))


def test_a_long_fit_reports_between_its_steps():
    draw = np.random.default_rng(0)
    features = draw.normal(size=(300, 40)) * np.logspace(-3, 3, 40)
    told = []
    head = LinearHead(SINGLE, strength=1e6)
    head.fit(features, draw.integers(0, 3, (300, 1)), told.append)
    assert head.regressions[0].n_iter_.max() <= STEP
    assert len(told) > 2


def test_weights_that_would_execute_something_are_refused(tmp_path):
    np.savez(tmp_path / "head.npz", prior=np.array([LinearHead(SINGLE)], dtype=object))
    with pytest.raises(BadData, match="plain arrays"):
        LinearHead.load(tmp_path / "head.npz", SINGLE)


def pictures():
    """The same gradient in every mode that people upload."""
    ramp = np.tile(np.linspace(0, 255, 48), (48, 1)).astype(np.uint8)
    grey = Image.fromarray(ramp)
    clear = grey.convert("RGBA")
    clear.putalpha(Image.fromarray(255 - ramp))
    deep = Image.fromarray(ramp.astype(np.uint16) * 257)
    return {
        "L": grey,
        "RGB": grey.convert("RGB"),
        "P": grey.convert("RGB").quantize(256),
        "RGBA": clear,
        "LA": clear.convert("LA"),
        "I;16": deep,
        "1": grey.convert("1"),
    }


@pytest.mark.parametrize("mode", list(pictures()))
def test_every_mode_is_read_as_the_same_picture(mode, tmp_path):
    pictures()[mode].save(tmp_path / "x.png")
    image = read_image(tmp_path / "x.png")
    assert (image.mode, image.size) == ("RGB", (48, 48))
    wanted = np.asarray(pictures()["L"], float)
    if mode in {"RGBA", "LA"}:
        wanted = wanted * (255 - wanted) / 255 + wanted  # over white
    blur = [np.asarray(i, float).reshape(6, 8, 48).mean(axis=(0, 1)) for i in (image.convert("L"), wanted)]
    assert np.abs(blur[0] - blur[1]).max() < (60 if mode == "1" else 6)
    assert np.isfinite(gradient_features(image)).all()


def test_cmyk_and_float_pictures_are_read(tmp_path):
    Image.new("CMYK", (30, 20), (0, 255, 255, 0)).save(tmp_path / "x.jpg")
    red = np.asarray(read_image(tmp_path / "x.jpg"))[10, 10]
    assert red[0] > 200
    assert red[1] < 80
    Image.fromarray(np.full((9, 9), 128, np.float32)).save(tmp_path / "x.tiff")
    assert np.asarray(read_image(tmp_path / "x.tiff"))[4, 4].tolist() == [128, 128, 128]


def test_exif_orientation_is_applied(tmp_path):
    picture = Image.new("RGB", (40, 20), "black")
    picture.paste("white", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter: the left half is shown on top
    picture.save(tmp_path / "x.jpg", exif=exif)
    upright = read_image(tmp_path / "x.jpg")
    assert upright.size == (20, 40)
    assert np.asarray(upright.convert("L"))[5].mean() > 200
    assert np.asarray(upright.convert("L"))[35].mean() < 50


def test_truncated_missing_and_huge_pictures_are_refused(tmp_path, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    for suffix in ("png", "jpg"):
        whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
        Image.fromarray(noise).save(whole)
        cut.write_bytes(whole.read_bytes()[:900])
        with pytest.raises(BadData, match="cut"):
            read_image(cut)
    with pytest.raises(BadData, match="absent"):
        read_image(tmp_path / "absent.png")
    Image.new("1", (PIXEL_LIMIT // 1000, 1001)).save(tmp_path / "huge.png")
    with pytest.raises(BadData, match="80,080,000 pixels"):
        read_image(tmp_path / "huge.png")


def test_a_changed_file_is_read_again(tmp_path):
    examples = toy("image_features", tmp_path)
    model = fitted("image_features", SINGLE, examples)
    before = model.predict(examples[:1])[0]
    Image.new("RGB", (33, 33), "green").save(examples[0].input)
    assert not np.array_equal(before.embedding, model.predict(examples[:1])[0].embedding)


@pytest.fixture(scope="session")
def tiny_vit(tmp_path_factory):
    """A vision transformer of random weights in a folder."""
    import torch
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    torch.manual_seed(0)
    size = {"height": 16, "width": 16}
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=16, patch_size=8
    )
    folder = tmp_path_factory.mktemp("vit")
    ViTModel(config).save_pretrained(folder)
    ViTImageProcessor(size=size).save_pretrained(folder)
    return folder


def test_frozen_features_of_a_vision_model(tiny_vit, tmp_path):
    examples = toy("image_features", tmp_path)
    options = {"model": str(tiny_vit), "strength": 10}
    model = MODELS["image_features"](SINGLE, options)
    model.fit(examples, [], [], ignore)
    predictions = model.predict([*examples, Example(1, None)])
    assert [p.target for p in predictions[:-1]] == [e.target for e in examples]
    assert predictions[0].embedding.shape == (16,)
    (tmp_path / "kept").mkdir()
    model.save(tmp_path / "kept")
    same(predictions[:-1], MODELS["image_features"].load(tmp_path / "kept", SINGLE).predict(examples))


def test_a_vision_model_that_is_not_here_says_where_it_looked(tmp_path):
    examples = toy("image_features", tmp_path)
    with pytest.raises(LsalError, match=r"'nobody/nothing' here: neither a folder.*nor a download in .*Give a path"):
        MODELS["image_features"](SINGLE, {"model": "nobody/nothing"}).fit(examples, [], [], ignore)
    with pytest.raises(BadRequest, match="holds no vision model"):
        MODELS["image_features"](SINGLE, {"model": str(tmp_path)}).fit(examples, [], [], ignore)


def test_columns_are_taken_as_a_slice_would() -> None:
    draw = np.random.default_rng(0)
    dense = draw.random((30, 50)).astype(np.float32) * (draw.random((30, 50)) < 0.2)
    columns = np.flatnonzero(draw.random(50) < 0.4)
    for rows in (dense, dense[:0], dense[:1]):
        taken, sliced = linear_head._taken(csr_matrix(rows), columns), csr_matrix(rows)[:, columns]
        assert (taken.indptr.tolist(), taken.indices.tolist()) == (sliced.indptr.tolist(), sliced.indices.tolist())
        assert taken.data.tolist() == sliced.data.tolist()
        assert taken.shape == sliced.shape
        assert linear_head._taken(rows, columns).tolist() == rows[:, columns].tolist()
