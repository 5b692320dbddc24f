"""The whole graph on every runner that Beam offers without a cluster."""
