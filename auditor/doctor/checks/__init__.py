"""One check a file, each with a function ``check`` of the subject that yields findings."""
