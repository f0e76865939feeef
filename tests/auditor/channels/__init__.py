"""The ways to tell people, against servers that speak their protocols."""
