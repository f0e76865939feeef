from . import sentinel_erasure, sentinel_reason, sentinel_retention
