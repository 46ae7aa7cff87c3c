"""Chains: how somebody outside gets to data or control step by step, and the fixes that break all of them."""
