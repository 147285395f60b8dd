"""The supervisor's own model: its questions, and the parts of its replies that count."""
