"""``sentinel-ops retry``."""

from auditor.cli.follow_up import follow_up_command

command = follow_up_command(
    "retry",
    says="Try again what the live run RUN left, by its uid; a dry run unless --live is given.",
    epilog="""\b
Examples:
  sentinel-ops retry af7d9012-6c1e-4a39-9d53-1a4f0a2c7b55            what would be tried again
  sentinel-ops retry af7d9012-6c1e-4a39-9d53-1a4f0a2c7b55 --live

\b
Only records that failed, were in use, or were not attempted in that run, and that
still need it; all of them, whatever the job's limit. The job's caps count.
""",
)
