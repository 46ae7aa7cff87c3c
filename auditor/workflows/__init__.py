"""Whole jobs: audit, diff, flow, reach, access. Pure: no clock, no network, no printing."""
