"""Figures, each measured in one run beside what people would use instead; `python -m tests.benchmarks [NAME ...]` prints a table and keeps JSON."""
