"""lsal: the learning loop for Label Studio."""
