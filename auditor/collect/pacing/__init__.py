"""How fast to ask: worker pool, quota, throttling, retries, signals."""
