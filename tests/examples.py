"""How many examples the property tests try: enough to find what is wrong, few enough for every run."""

from hypothesis import HealthCheck, settings

few = settings(max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
