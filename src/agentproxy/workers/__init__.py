"""The programs and agents that do a coding task, behind one port."""
