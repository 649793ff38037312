"""Model families: one file each, and one line in this table."""

from __future__ import annotations

from lsal.registry import Registry

MODELS = Registry(
    "model",
    {
        "random": "lsal.models.random_guess:RandomGuess",
        "sklearn_text": "lsal.models.sklearn_text:SklearnText",
        "embedded_text": "lsal.models.embedded_text:EmbeddedText",
        "crf_tokens": "lsal.models.crf_tokens:CrfTokens",
        "image_features": "lsal.models.image_features:ImageFeatures",
        "yolo": "lsal.models.yolo:Yolo",
        "transformers_text": "lsal.models.transformers_text:TransformersText",
        "transformers_tokens": "lsal.models.transformers_tokens:TransformersTokens",
        "transformers_image": "lsal.models.transformers_image:TransformersImage",
        "layoutlmv3": "lsal.models.layoutlmv3:LayoutLMv3",
    },
)
"""Classes that follow `protocols.Model`, by the name of their family."""
