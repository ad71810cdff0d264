"""APIs for a need, as other parts use them: who sells its tokens, and what a volume of them costs."""

from optplan.planner.costs.apis import API_CHARGES, Market, Sold, api_cost, api_market, api_terms

__all__ = ["API_CHARGES", "Market", "Sold", "api_cost", "api_market", "api_terms"]
