"""HTTP API and web pages for requests and lessons (`vividly serve`).

They publish requests to the topic and read the ledger and the artifacts; only jobs run engines.
"""
