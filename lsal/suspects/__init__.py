"""Label errors: suspects out of fold, sent back to people; agreement by annotator.

Nothing here edits or deletes an annotation: whoever labels decides, by one more answer.
"""

from lsal.suspects.finding import Doubted, Suspect, Suspected, doubted, find
from lsal.suspects.people import Pair, Person, pairs, people, said

__all__ = ["Doubted", "Pair", "Person", "Suspect", "Suspected", "doubted", "find", "pairs", "people", "said"]
