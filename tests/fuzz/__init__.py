"""Requests to the ML backend that Label Studio would not send, and what came of them; see `__main__`."""
