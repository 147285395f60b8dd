"""The tools of a team: those of its lead, and those of its teammates."""
