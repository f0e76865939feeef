"""`make demo`: the main job shown from outside, every claim checked by a client of its own."""
