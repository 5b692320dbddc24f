"""A Pub/Sub server for development and tests: real gRPC, real messages, no cloud and no Java."""

from pipeline.embedded.pubsub.server import PubSubServer

__all__ = ["PubSubServer"]
