"""The sealed trail: its canonical form, and what keeps it as it is. Documented in docs/chain.md."""
