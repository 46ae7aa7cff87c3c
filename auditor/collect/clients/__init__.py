"""One module an SDK package: how its client is made."""
