from . import ir_cron, sentinel_event, sentinel_job_reference

# isort: split
# What has a history or points to a job inherits from a mixin above, so these come first.
from . import (
    ir_attachment,
    mail_activity,
    mail_thread,
    res_users,
    res_users_apikeys,
    sentinel_approval,
    sentinel_approval_policy,
    sentinel_attempt,
    sentinel_chain,
    sentinel_chain_entry,
    sentinel_consumer,
    sentinel_exclusion,
    sentinel_job,
    sentinel_mark,
    sentinel_repair_loop,
    sentinel_run,
    sentinel_run_display,
    sentinel_run_line,
    sentinel_run_marks,
    sentinel_run_trail,
    sentinel_stop,
    sentinel_task,
    sentinel_tripwire,
    sentinel_window,
)

# isort: split
# Further sides of a job, in files of their own; what bounds it extends what requests it.
from . import (
    sentinel_job_doors,
    sentinel_job_requests,
)

# isort: split
from . import (
    sentinel_job_limits,
    sentinel_job_marks,
    sentinel_job_watch,
    sentinel_run_decisions,
    sentinel_run_follow_up,
)
