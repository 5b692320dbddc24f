"""Export and erase what is kept of one student."""
