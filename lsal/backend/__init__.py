"""The ML backend: Label Studio's protocol over HTTP, for every project of a root."""
