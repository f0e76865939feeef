"""The trail as a file for other programs."""
