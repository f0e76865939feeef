"""The tools, by what they are about. Each function here makes a tool for a door."""
