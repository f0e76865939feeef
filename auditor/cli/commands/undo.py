"""``sentinel-ops undo``."""

from auditor.cli.follow_up import follow_up_command

command = follow_up_command(
    "undo",
    says="Put back what the live run RUN changed, by its uid; a dry run unless --live is given.",
    epilog="""\b
Examples:
  sentinel-ops undo af7d9012-6c1e-4a39-9d53-1a4f0a2c7b55             what would be put back
  sentinel-ops undo af7d9012-6c1e-4a39-9d53-1a4f0a2c7b55 --live --reason "wrong filter"

\b
A record that was changed again since, is gone, or cannot be put back exactly is
refused and stays as it is. The job's caps count here too. May be repeated: what
was undone already is left alone.
""",
)
