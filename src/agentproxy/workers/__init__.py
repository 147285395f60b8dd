"""Who can do a coding task, each behind one port."""
