"""What the folder of a project brings to its conversations: presets and notes."""
