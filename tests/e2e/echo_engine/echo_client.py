"""Stand-in for the client library of a service; only the engine's own module imports it."""


def complete(prompt: str, style: str) -> str:
    """Return the prompt as an answer in some style."""
    return prompt.upper() if style == "loud" else prompt
