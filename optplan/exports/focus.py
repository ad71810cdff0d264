"""The cost of a plan as rows of FOCUS (FinOps Open Cost and Usage Specification 1.2), to hold beside the bill.

Columns: FOCUS_Spec at 04f8bb3d6b44. What only an invoice knows (accounts, invoice, resource) stays blank.
"""

from __future__ import annotations

import datetime
import json
import math
from typing import Any, Final

from optplan.exports.costs import charged, table, unit_hours
from optplan.exports.document import Document, refuse
from optplan.plan import ApiLine, CardLine, Plan

COLUMNS: Final = (
    *("AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName"),
    *("BillingAccountType", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart"),
    *("CapacityReservationId", "CapacityReservationStatus", "ChargeCategory", "ChargeClass"),
    *("ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart"),
    *(
        "CommitmentDiscountCategory",
        "CommitmentDiscountId",
        "CommitmentDiscountName",
        "CommitmentDiscountQuantity",
    ),
    *("CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity"),
    *("ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost"),
    *("InvoiceId", "InvoiceIssuerName", "ListCost", "ListUnitPrice"),
    *(
        "PricingCategory",
        "PricingCurrency",
        "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyEffectiveCost",
    ),
    *("PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "ProviderName"),
    *("PublisherName", "RegionId", "RegionName", "ResourceId"),
    *("ResourceName", "ResourceType", "ServiceCategory", "ServiceName"),
    *("ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails"),
    *("SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType"),
    *("Tags",),
)
PRICING: Final = {
    "on_demand": "Standard",
    "spot": "Dynamic",
    "reserved_1y": "Committed",
    "reserved_3y": "Committed",
    "buy": "Other",
    "owned": "Other",
}
RENT: Final = "rent"  # the term whose quantity is hours of units


def export_focus(plan: Plan, start: datetime.date | None = None) -> list[Document]:
    """One table: a row for each line and term; EffectiveCost sums to the total. start: first day, today if unsaid."""
    if not plan.feasible:
        raise refuse("focus", f"{plan.name} has no plan", "`optplan solve` says why, and the ways out")
    begin = datetime.datetime.combine(start or datetime.date.today(), datetime.time(), datetime.UTC)
    end = begin + datetime.timedelta(hours=plan.hours) if math.isfinite(plan.hours) else None
    period = {"ChargePeriodStart": _instant(begin), "ChargePeriodEnd": _instant(end) if end else ""}
    rows = [_row(plan, part, term, amount) | period for part, term, amount in charged(plan)]
    return [Document(f"FOCUS rows of {plan.name}", table(COLUMNS, rows))]


def _instant(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(plan: Plan, part: CardLine | ApiLine, term: str, amount: float) -> dict[str, Any]:
    label = plan.pack.rules[term].label if term in plan.pack.rules else term
    cost = repr(amount)
    common = {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "ContractedCost": cost,
        "BillingCurrency": plan.currency,
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"{label} ({term}), planned",
        "ProviderName": part.provider,
        "PublisherName": part.provider,
        "InvoiceIssuerName": part.provider,
        "SkuId": part.offer,
        "SkuMeter": term,
        "SkuPriceDetails": json.dumps({"price_date": part.price_date}),
        "Tags": json.dumps({"optplan:plan": plan.name, "optplan:task": plan.task}),
    }
    if isinstance(part, ApiLine):
        return common | _of_api(part)
    return common | _of_cards(plan, part, term)


def _of_api(part: ApiLine) -> dict[str, Any]:
    service = {"ServiceCategory": "AI and Machine Learning", "ServiceName": f"{part.provider} API"}
    counted = {"ConsumedQuantity": repr(part.requests), "ConsumedUnit": "Requests"}
    return service | counted | {"PricingCategory": "Standard", "PricingCurrency": part.currency}


def _of_cards(plan: Plan, part: CardLine, term: str) -> dict[str, Any]:
    bought = part.purchase == "buy" and term == "purchase"
    found: dict[str, Any] = {
        "ChargeCategory": "Purchase" if bought else "Usage",
        "ChargeFrequency": "One-Time" if bought else "Usage-Based",
        "PricingCategory": PRICING[part.purchase],
        "PricingCurrency": part.currency,
        "RegionId": part.region,
        "RegionName": part.region,
        "ResourceType": f"{part.count // part.units} x {part.gpu}",
        "ServiceCategory": "Compute",
        "ServiceName": part.instance,
        "SkuPriceId": part.offer,
    }
    if part.purchase.startswith("reserved"):
        found |= {"CommitmentDiscountCategory": "Usage", "CommitmentDiscountType": part.purchase}
    if term == RENT:
        hours = repr(unit_hours(plan, part))
        price = repr(part.price_per_unit_hour)
        found |= {
            "PricingQuantity": hours,
            "PricingUnit": "Hours",
            "ConsumedQuantity": hours,
            "ConsumedUnit": "Hours",
        }
        found |= {"PricingCurrencyListUnitPrice": price, "PricingCurrencyContractedUnitPrice": price}
    if bought:
        found |= {"PricingQuantity": str(part.units), "PricingUnit": "Units"}
        found |= {"PricingCurrencyListUnitPrice": repr(part.price_per_unit)}
    return found
