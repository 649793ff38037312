"""The fault bench: kills, stops, fills and locks what a round needs, then looks up what is true."""
