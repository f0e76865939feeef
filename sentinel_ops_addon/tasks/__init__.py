from . import check_records, clean_old_orders, cron_health, release_stuck_transfers, task_mixin
