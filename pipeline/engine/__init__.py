"""The durable engine, wrapped thin: the only folder that knows DBOS.

durable.py   mark workflows, run one as a child on a queue, start and stop the engine
"""
