"""What to change where there is no plan, each change checked by solving again."""
