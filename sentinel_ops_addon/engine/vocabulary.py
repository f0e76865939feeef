"""The closed lists of words that runs and lines are described with."""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

SHAPES = [
    ("remedy", _lt("Remedy: finds and repairs")),
    ("check", _lt("Check: finds records that break a rule")),
    ("measure", _lt("Measure: reads numbers")),
]

MODES = [
    ("plan", _lt("Plan (dry run)")),
    ("live", _lt("Live")),
]

STATES = [
    ("queued", _lt("Queued")),
    ("running", _lt("Running")),
    ("waiting", _lt("Waiting for its next slice")),
    ("sealing", _lt("Sealing")),
    ("done", _lt("Done")),
]

# Known at the end only: a run that is not done has no status.
STATUSES = [
    ("success", _lt("Success")),
    ("partial", _lt("Partial")),
    ("failure", _lt("Failure")),
    ("dry_run", _lt("Dry run")),
    ("aborted", _lt("Stopped by a guard")),
    ("interrupted", _lt("Interrupted")),
    ("cancelled", _lt("Cancelled")),
]

# "error" means that the check itself broke; it is never shown as passed.
VERDICTS = [
    ("pass", _lt("Pass")),
    ("warn", _lt("Warning")),
    ("fail", _lt("Fail")),
    ("error", _lt("Could not check")),
    ("not_evaluated", _lt("Not evaluated")),
]

OUTCOMES = [
    # What a check shows of the records that break its rule; nobody is going to act on them.
    ("found", _lt("Found")),
    ("planned", _lt("Planned")),
    ("simulated", _lt("Simulated")),
    ("done", _lt("Done")),
    ("skipped_changed", _lt("Skipped: changed since the plan")),
    ("skipped_locked", _lt("Skipped: in use by somebody")),
    ("skipped_excluded", _lt("Skipped: excluded")),
    ("skipped_attempts", _lt("Skipped: too many attempts")),
    ("refused", _lt("Refused by a business rule")),
    ("failed", _lt("Failed")),
    ("ineffective", _lt("Had no effect, undone")),
    ("not_attempted", _lt("Not attempted")),
]

# How each outcome counts in the three figures that every job result carries.
UPDATED = frozenset({"done"})
SKIPPED = frozenset(
    {"skipped_changed", "skipped_locked", "skipped_excluded", "skipped_attempts", "not_attempted"}
)
ERRORS = frozenset({"refused", "failed", "ineffective"})

SOURCES = [
    ("menu", _lt("Menu")),
    ("schedule", _lt("Schedule")),
    ("engine", _lt("Another run")),
    ("rpc", _lt("Remote call")),
    ("cli", _lt("Command line")),
    ("http", _lt("HTTP")),
    ("mcp", _lt("Assistant")),
]
