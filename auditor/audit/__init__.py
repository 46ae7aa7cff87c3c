"""The audit: every requirement held against every subject, and the waivers applied to what fails."""
