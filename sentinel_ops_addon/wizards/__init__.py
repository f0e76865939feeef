from . import sentinel_reason
