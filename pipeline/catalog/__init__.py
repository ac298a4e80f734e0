"""What can be bought.

models.py      one frozen record per endpoint, read from data/models/*.toml
parameters.py  ranges and choices: what people give becomes what the endpoint takes
pricing.py     dated prices: an exact amount before anything is sent, and again from billed units
"""

from pipeline.catalog.models import Catalogue, Job, Model, load_catalogue
from pipeline.catalog.parameters import Asked, arguments_for
from pipeline.catalog.pricing import Quote, charge_for_units, quote

__all__ = ["Asked", "Catalogue", "Job", "Model", "Quote", "arguments_for", "charge_for_units", "load_catalogue", "quote"]
