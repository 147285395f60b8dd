"""Facts that are cheap to see, and that keep a proof by the claim's own tests from counting."""
