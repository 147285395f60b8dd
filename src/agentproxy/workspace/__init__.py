"""Where work happens: files, commands and git; the safety boundary."""
