"""Settings files and waivers: YAML to typed values."""
