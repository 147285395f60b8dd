"""The command line: starts processes, draws screens, tells the truth by exit code."""
