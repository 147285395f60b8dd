"""The one reader of a stranger's files: beneath a folder, bounded, and never a wait."""
