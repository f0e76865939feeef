from . import ir_cron, sentinel_event

# isort: split
# What has a history inherits from the mixin in sentinel_event, so that one comes first.
from . import (
    sentinel_approval,
    sentinel_approval_policy,
    sentinel_attempt,
    sentinel_chain,
    sentinel_exclusion,
    sentinel_job,
    sentinel_run,
    sentinel_run_line,
    sentinel_stop,
    sentinel_task,
    sentinel_window,
)

# isort: split
# Further sides of a job and a run, in files of their own.
from . import sentinel_job_limits, sentinel_run_decisions
