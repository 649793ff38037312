"""What the tests of the text families of transformers share: tokenizers and encoders built on the spot, in a blink."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import torch

from lsal.models.word_pieces import word_pieces
from lsal.settings import worker_threads

torch.set_num_threads(worker_threads())  # as in a worker: more of them wait for each other
BERT = str(Path(__file__).parent / "architectures" / "tiny-bert.json")
CORPUS = ["the cat purrs on the mat number 0 1 2 3 4 5 6 7 8 9", "a dog barks at postmen and eels swim"]


def tokenizer(corpus: Sequence[str] = CORPUS) -> Any:
    """Word pieces of a few texts, in memory."""
    return word_pieces(corpus)


def encoder(folder: Path, seed: int = 0, width: int = 32, layers: int = 1) -> str:
    """A BERT of random weights with its tokenizer in a folder, as the hub has them."""
    from transformers import BertModel

    torch.manual_seed(seed)
    words = tokenizer()
    BertModel(small(len(words), width, layers)).save_pretrained(folder)
    words.save_pretrained(folder)
    return str(folder)


def small(words: int, width: int = 32, layers: int = 1) -> Any:
    """The configuration of a BERT that learns in seconds."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * width,
        max_position_embeddings=64,
    )


@cache
def shared_encoder() -> str:
    """One for all tests of a session that do not change it."""
    return encoder(Path(mkdtemp(prefix="lsal-encoder-")))
