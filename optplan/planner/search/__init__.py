"""The search of each task: which units are the cheapest, and the proof."""
