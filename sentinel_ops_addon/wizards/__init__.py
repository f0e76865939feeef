from . import sentinel_erasure, sentinel_reason
