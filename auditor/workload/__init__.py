"""Which resource plays which part of the architecture, and what its settings mean there."""
