"""The supervisor's own model: what it is asked, and what of its replies counts."""
