"""The closed lists of words that runs and lines are described with.

Labels are plain text: Odoo translates those of selection fields itself.
"""

SHAPES = [
    ("remedy", "Remedy"),
    ("check", "Check"),
    ("measure", "Measure"),
]

MODES = [
    ("plan", "Plan (dry run)"),
    ("simulate", "Simulation (dry run)"),
    ("live", "Live"),
]

STATES = [
    ("queued", "Queued"),
    ("running", "Running"),
    ("waiting", "Waiting"),
    ("sealing", "Sealing"),
    ("done", "Done"),
]

# Known at the end only: a run that is not done has no status.
STATUSES = [
    ("success", "Success"),
    ("partial", "Partial"),
    ("failure", "Failure"),
    ("dry_run", "Dry run"),
    ("aborted", "Stopped by a guard"),
    ("interrupted", "Interrupted"),
    ("cancelled", "Cancelled"),
]

# "error" means that the check itself broke; it is never shown as passed.
VERDICTS = [
    ("pass", "Pass"),
    ("warn", "Warning"),
    ("fail", "Fail"),
    ("error", "Could not check"),
    ("not_evaluated", "Not evaluated"),
]

OUTCOMES = [
    # What a check shows of the records that break its rule; nobody is going to act on them.
    ("found", "Found"),
    ("planned", "Planned"),
    ("simulated", "Simulated"),
    ("done", "Done"),
    ("skipped_changed", "Skipped: changed since the plan"),
    ("skipped_locked", "Skipped: in use by somebody"),
    ("skipped_excluded", "Skipped: excluded"),
    ("skipped_attempts", "Skipped: too many attempts"),
    ("refused", "Refused by a business rule"),
    ("failed", "Failed"),
    ("ineffective", "Had no effect, undone"),
    ("not_attempted", "Not attempted"),
]

# How each outcome counts in the three figures that every job result carries.
UPDATED = frozenset({"done"})
SKIPPED = frozenset(
    {
        "skipped_changed",
        "skipped_locked",
        "skipped_excluded",
        "skipped_attempts",
        "ineffective",
        "not_attempted",
    }
)
ERRORS = frozenset({"refused", "failed"})

SOURCES = [
    ("menu", "Menu"),
    ("schedule", "Schedule"),
    ("engine", "Another run"),
    ("rpc", "Remote call"),
    ("cli", "Command line"),
    ("http", "HTTP"),
    ("mcp", "Assistant"),
]

# What a caller may say it is; the others are known to the engine itself.
CLAIMED_SOURCES = ("rpc", "cli", "http", "mcp")
