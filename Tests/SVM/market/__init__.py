"""A small client of the market program, written from Documentation/market-program.md alone.

It shares nothing with the Swift client, so that a mistake in one of them shows.
"""
