"""Who may do what, where, and why: roles, assignments, groups, denials, escalation."""
