"""Label Studio, seen from lsal: a server of its own, and the projects on any server."""
