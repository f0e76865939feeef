"""Talking to Odoo: one interface, one error tree, one typed client of the RPC contract."""
