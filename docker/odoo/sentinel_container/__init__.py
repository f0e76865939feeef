"""What the Odoo container does before it is Odoo: database, addon, account of the auditor."""
