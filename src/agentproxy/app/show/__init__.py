"""What is shown of events: the words for people, and the public JSON for programs."""
