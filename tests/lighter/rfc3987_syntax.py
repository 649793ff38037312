"""In front of the library of this name, which takes longer to import than Ray, and which no process of Ray needs."""

raise ImportError("not in the tests of Ray")
