{
    "name": "Sentinel-Ops",
    "summary": "Find trouble, rehearse the repair, do it inside the ORM, and prove it",
    "version": "19.0.1.0.0",
    "category": "Administration",
    "license": "LGPL-3",
    "author": "Sentinel-Ops",
    "website": "https://github.com/sentinel-ops/sentinel-ops",
    "depends": ["mail"],
    "data": ["security/sentinel_ops_addon_groups.xml"],
    "application": True,
}
