"""A tokenizer of word pieces, made of a pool's own texts: for networks of random weights, with nothing downloaded.

The vocabulary holds every character, the most frequent words, and frequent beginnings and ends of
words, in a fixed order: the trainers of `tokenizers` give another one each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

PAD, UNKNOWN, FIRST, LAST, MASK = MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS, PARTS = 6000, 2000
"""The most whole words, and the most parts of words."""
LONGEST_PART = 5
CHARACTERS = 3000


def word_pieces(texts: Iterable[str]) -> Any:
    """A fast tokenizer of transformers for these texts; the same for the same texts, in whatever order."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    smooth, split = normalizers.BertNormalizer(strip_accents=False), pre_tokenizers.BertPreTokenizer()
    counts = Counter(word for text in texts for word, _ in split.pre_tokenize_str(smooth.normalize_str(text)))
    vocabulary = {piece: number for number, piece in enumerate(_pieces(counts))}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    made.normalizer, made.pre_tokenizer = smooth, split
    made.post_processor = processors.BertProcessing((LAST, vocabulary[LAST]), (FIRST, vocabulary[FIRST]))
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token=PAD, unk_token=UNKNOWN, cls_token=FIRST, sep_token=LAST, mask_token=MASK
    )


def _pieces(words: Counter[str]) -> Iterable[str]:
    """The marks, then characters, words and parts, the most frequent first, each once."""
    characters, parts = Counter[str](), Counter[str]()
    for word, count in words.items():
        for character in word:
            characters[character] += count
        for length in range(2, min(LONGEST_PART, len(word) - 1) + 1):
            parts[word[:length]] += count
            parts[f"##{word[-length:]}"] += count
    single = sorted(_most(characters, CHARACTERS))
    within = (f"##{character}" for character in single)
    return dict.fromkeys(chain(MARKS, single, within, _most(words, WORDS), _most(parts, PARTS)))


def _most(counts: Counter[str], limit: int) -> list[str]:
    """The most frequent; of equally frequent ones those that come first in the alphabet."""
    return sorted(counts, key=lambda piece: (-counts[piece], piece))[:limit]
