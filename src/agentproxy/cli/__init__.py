"""The command line: starts processes, draws screens, sets exit codes."""
