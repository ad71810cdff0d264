"""What cards, calls and grids cost: the charges of the rules on offers, in the need's currency."""
