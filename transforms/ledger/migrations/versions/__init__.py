"""The revisions of the ledger's tables, one numbered module each."""
