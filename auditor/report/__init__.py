"""A page for people about a period of the trail: one HTML file that needs nothing else."""
