"""Faults made in the code under test, one at a time, which a good test notices."""
