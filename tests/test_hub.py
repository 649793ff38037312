"""What all families of transformers read through: from this machine alone, and clear about what is not on it."""

import json
from pathlib import Path

import pytest
from network import asked
from text_toys import CORPUS, encoder, tokenizer

from lsal.errors import BadRequest
from lsal.models.hub import HERE, absent, names_weights, quiet, read_tokenizer


def test_a_tokenizer_is_read_from_a_folder_with_nothing_else(tmp_path: Path) -> None:
    tokenizer().save_pretrained(tmp_path)
    for _ in range(2):
        read = read_tokenizer(str(tmp_path), "transformers_text")
        assert read.convert_ids_to_tokens(read(CORPUS[0])["input_ids"])[1:3] == ["the", "cat"]
        assert read(CORPUS, padding=True)["attention_mask"]
        (tmp_path / "tokenizer_config.json").unlink(missing_ok=True)


@pytest.mark.parametrize("name", ["nobody/nothing", "/nowhere/at/all"])
def test_a_model_that_is_not_here_says_where_was_looked_and_how_to_give_a_path(name: str) -> None:
    with pytest.raises(
        BadRequest, match=rf"no tokenizer '{name}' here: .*folder of that name.*download in \S+"
    ) as error:
        read_tokenizer(name, "transformers_text")
    assert "model=/path/to/folder" in error.value.fix


def test_a_folder_that_holds_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=f"The folder {tmp_path} holds no tokenizer that loads"):
        read_tokenizer(str(tmp_path), "transformers_text")
    (tmp_path / "x.bin").write_bytes(b"x")
    told = absent(str(tmp_path / "x.bin"), "encoder of texts", ValueError("two\nlines"))
    assert told.what.endswith(r"x.bin holds no encoder of texts that loads (two)")


def test_a_name_in_the_cache_of_downloads_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "models--some--encoder"
    encoder(kept / "snapshots" / "abc")
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with quiet("embedded_text") as transformers:
        given = {**HERE, "cache_dir": str(tmp_path)}
        assert transformers.AutoModel.from_pretrained("some/encoder", **given).config.hidden_size == 32


def test_nothing_is_asked_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a vocabulary so large that transformers wonders whose it is."""
    tokenizer().save_pretrained(tmp_path)
    kept = json.loads((tmp_path / "tokenizer.json").read_text())
    kept["model"]["vocab"] |= {f"w{n}": 1000 + n for n in range(100_100)}
    (tmp_path / "tokenizer.json").write_text(json.dumps(kept))
    tried = asked(monkeypatch)
    assert len(read_tokenizer(str(tmp_path), "transformers_text")) > 100_000
    with pytest.raises(BadRequest):
        read_tokenizer("nobody/nothing", "transformers_text")
    assert not tried


def test_nor_where_the_hub_was_imported_before_lsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fetch once a day by whom it may be called, also for what is to be read from here alone."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr("huggingface_hub.constants.AGENT_HARNESSES_PATH", str(tmp_path / "none"))
    monkeypatch.setattr("huggingface_hub.utils._detect_agent._registry", None)
    tried = asked(monkeypatch)
    with pytest.raises(BadRequest):
        read_tokenizer("nobody/nothing", "transformers_text")
    assert not tried


def test_a_configuration_alone_names_no_weights(tmp_path: Path) -> None:
    encoder(tmp_path)
    assert names_weights(str(tmp_path))
    assert names_weights("some/name")
    (tmp_path / "model.safetensors").unlink()
    assert not names_weights(str(tmp_path))
    assert not names_weights(str(tmp_path / "config.json"))
    assert not names_weights("")
