"""What is looked at, one family of events a file."""
