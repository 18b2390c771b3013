"""What each guideline is worth on a device: its price by the model, and what measurements say."""

from costsim.worth.evidence import Evidence, evidence
from costsim.worth.price import Price, Worth, prices, worth

__all__ = ["Evidence", "Price", "Worth", "evidence", "prices", "worth"]
