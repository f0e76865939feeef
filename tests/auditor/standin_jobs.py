"""The catalogue of the stand-in, and what its simulations find."""

from __future__ import annotations

from typing import Any

# What a simulation found, as Odoo tells it.
FOOTPRINT = {
    "footprint": [
        {
            "table": "sale_order",
            "model": "sale.order",
            "name": "Sales Order",
            "inserted": 0,
            "updated": 3,
            "deleted": 0,
        }
    ],
    "side_effects": [
        {
            "model": "stock.picking",
            "name": "Transfer",
            "created": 0,
            "changed": 2,
            "deleted": 1,
            "complete": False,
            "examples": [
                {"id": 7, "name": "WH/OUT/00007", "what": "changed"},
                {"id": 8, "name": "", "what": "deleted"},
            ],
        }
    ],
}


def job(code: str = "clean_old_orders", **changes: Any) -> dict[str, Any]:
    """Return a catalogue entry."""
    entry = {
        "code": code,
        "name": "Cancel old quotations",
        "description": "Cancels quotations that nobody answered.",
        "tags": ["sales"],
        "task": code,
        "shape": "remedy",
        "modes": ["plan", "simulate", "live"],
        "model": "sale.order",
        "model_name": "Sales Order",
        "available": True,
        "unavailable_reason": "",
        "active": True,
        "company": "Acme",
        "run_as": "manager",
        "caps": {"max_records": 500},
        "schedule": {"active": False, "every": 1, "unit": "days", "next": "", "mode": "plan"},
        "parameters": [
            {
                "name": "days",
                "type": "integer",
                "label": "Older than (days)",
                "help": "Quotations older than this.",
                "required": True,
                "value": 90,
                "default": 90,
                "minimum": 1,
                "maximum": 36500,
                "overridable": True,
            },
            {
                "name": "limit",
                "type": "integer",
                "label": "At most",
                "help": "",
                "required": False,
                "value": 500,
                "default": 500,
                "minimum": 1,
                "overridable": True,
            },
            {
                "name": "share",
                "type": "number",
                "label": "Share",
                "help": "",
                "required": False,
                "value": 0.5,
                "default": 0.5,
                "minimum": 0,
                "maximum": 1,
                "overridable": True,
            },
            {
                "name": "notify_owner",
                "type": "boolean",
                "label": "Tell the owner",
                "help": "",
                "required": False,
                "value": False,
                "default": False,
                "overridable": True,
            },
            {
                "name": "order_by",
                "type": "selection",
                "label": "Order",
                "help": "",
                "required": False,
                "value": "oldest",
                "default": "oldest",
                "choices": [
                    {"value": "oldest", "label": "Oldest first"},
                    {"value": "newest", "label": "Newest first"},
                ],
                "overridable": True,
            },
            {
                "name": "since",
                "type": "date",
                "label": "Since",
                "help": "",
                "required": False,
                "value": "",
                "default": "",
                "overridable": True,
            },
            {
                "name": "reason",
                "type": "text",
                "label": "Text of the note",
                "help": "",
                "required": False,
                "value": "",
                "default": "",
                "overridable": True,
            },
            {
                "name": "domain",
                "type": "domain",
                "label": "Which",
                "help": "",
                "required": False,
                "value": "[]",
                "default": "[]",
                "overridable": False,
            },
        ],
        "last_run": {},
    }
    return {**entry, **changes}


JOBS = [
    job(),
    job(
        "cron_health",
        name="Scheduled actions",
        shape="measure",
        modes=["plan"],
        model="",
        model_name="",
        parameters=[],
        tags=["system"],
    ),
    job(
        "release_stuck_transfers",
        name="Release stuck transfers",
        available=False,
        unavailable_reason="The app Inventory is not installed.",
        tags=["stock"],
    ),
]
