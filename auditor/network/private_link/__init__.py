"""Private endpoints, their zones, and what their names resolve to."""
