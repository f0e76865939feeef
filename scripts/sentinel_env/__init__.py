"""Set-up of a working Sentinel-Ops on a bare machine: Odoo 19, PostgreSQL, databases, servers.

Standard library only, because it runs before any virtual environment exists.
"""
