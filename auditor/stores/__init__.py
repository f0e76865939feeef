"""Where the trail is kept: one interface, one file per kind of store."""
