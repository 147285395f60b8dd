"""What a task asks for in its own words: changes of tests, and facts about the tree."""
