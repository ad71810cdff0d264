"""Many needs over many months on shared cards: what to buy when, reserve, rent and send to an API.

solve_portfolio(portfolio, catalog) -> PortfolioPlan
"""

from optplan.portfolio.main import solve_portfolio
from optplan.portfolio.plan import PortfolioPlan

__all__ = ["PortfolioPlan", "solve_portfolio"]
