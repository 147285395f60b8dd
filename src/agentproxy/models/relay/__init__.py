"""The model relay: a worker reaches one model without holding its key."""
