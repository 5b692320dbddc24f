"""Faults that kill nothing, applied to the commands of any checkout of this project."""
