"""Doors besides the shell: HTTP and assistants."""
