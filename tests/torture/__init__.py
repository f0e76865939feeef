"""Kill servers in the middle of live runs, and count what is left: `make torture`."""
