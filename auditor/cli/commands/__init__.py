"""The commands, one a file; each file's ``command`` is loaded when it is used."""
