"""What runs beside the screens.

claims.py       one worker and one sandbox a data folder: a lock, and a record of who holds it
logs.py         JSON lines, rotated
lifetime.py     a sign of life while the main loop turns, and an end that nothing can hold up
worker.py       the only process that buys, encodes and uploads
housekeeping.py  unfinished publications, temporary files and the weekly look at the stores, beside the worker's work
dispatcher.py   hands asked runs to the engine and rings the bells of webhooks
emulator.py     the sandbox as a process
bring_up.py     starting what is missing, for the command line and for a worker that finds its sandbox gone
sweep_quotes.py  what an order for a sweep would cost, before anything of it is kept
sweeping.py     a sweep bought and waited for, and what became of its cells
bill.py         the provider asked for its bill; in sandbox mode the sandbox is brought up for it
health.py       a light look at every part, for screens
supervisor.py   keeps the studio's children alive, and ends them with it
"""
