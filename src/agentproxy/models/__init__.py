"""The model port, its adapters, the names of models, and what answers cost."""
