"""The door for assistants: Sentinel-Ops over the Model Context Protocol.

An assistant may look, plan and simulate. It may carry a plan out only where that was switched
on, only a plan that stands in Odoo, named together with its hash, and once as one user of Odoo.
What selects records belongs to the job; no tool reaches past it, and none calls methods of Odoo by
name.

Needs the extra ``mcp``.
"""
