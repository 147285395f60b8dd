"""The user's own tools: found, and mounted beside the tree under proof."""
