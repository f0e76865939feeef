{
    "name": "Sentinel-Ops: tests",
    "summary": "A third party's tasks, some of them badly behaved, to test the engine with",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "license": "LGPL-3",
    "author": "Sentinel-Ops",
    "website": "https://github.com/sentinel-ops/sentinel-ops",
    "depends": ["sentinel_ops_addon"],
    "data": ["data/sentinel_job_data.xml"],
}
