"""Find students in danger by their words, and write the text that helps them.

Reads local lists only: no service is called, and nothing leaves the process.
"""
