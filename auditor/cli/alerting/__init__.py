"""What the subcommands of ``sentinel-ops alerts`` share."""
