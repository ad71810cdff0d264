"""What was found -> the plan: lines with every quantity, amounts, limits, notes and warnings."""
