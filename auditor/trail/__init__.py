"""The trail: sealed runs and their lines, copied out of Odoo."""
