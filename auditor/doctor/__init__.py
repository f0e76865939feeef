"""``sentinel-ops doctor``: look at everything that can be looked at, change and send nothing."""
