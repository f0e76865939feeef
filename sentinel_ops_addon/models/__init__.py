from . import (
    ir_cron,
    mail_thread,
    sentinel_chain,
    sentinel_job,
    sentinel_run,
    sentinel_run_line,
    sentinel_task,
)
