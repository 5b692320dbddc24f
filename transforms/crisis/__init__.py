"""Detects students in danger by their words, and writes the help text they get.

Reads local lists only: no service is called, and nothing leaves the process.
"""
