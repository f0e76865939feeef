"""Ways to tell people, one a file."""
