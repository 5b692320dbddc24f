"""ModelCoder: the Beam coder of all model classes."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.utils.plugin import BeamPlugin

from transforms.model import MODELS, Model, decode, encode, model_of

URN = "vividly:coder:model:v1"
"""URN of `ModelCoder` in a translated graph; its payload is ``name:version`` of the model."""


class ModelCoder(beam.coders.Coder):
    """Encodes a model as one version byte and the JSON of `transforms.model.codec`.

    A running streaming job holds encoded elements, and compares this coder's URN and payload when
    it is updated in place. Neither depends on where a class or this module is defined.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._prefix = bytes((model.version,))

    @classmethod
    def from_type_hint(cls, typehint: Any, registry: Any) -> ModelCoder:
        return cls(model_of(typehint))

    def encode(self, value: object) -> bytes:
        return self._prefix + encode(value)

    def decode(self, encoded: bytes) -> Any:
        """Decode a model from its version byte and JSON.

        Raises:
            ValueError: It was written by another version of the model.
        """
        if encoded[:1] != self._prefix:
            raise _other_version(self.model, encoded[0] if encoded else "nothing")
        return decode(self.model.cls, encoded[1:])

    def is_deterministic(self) -> bool:
        return False  # maps keep the publisher's order; elements are never keys

    def to_type_hint(self) -> type:
        return self.model.cls

    def to_runner_api_parameter(self, context: Any) -> tuple[str, bytes, tuple[()]]:
        return URN, self._payload, ()

    @property
    def _payload(self) -> bytes:
        return f"{self.model.name}:{self.model.version}".encode()

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        # The default would pickle the module path of the model's class.
        return _from_payload, (self._payload,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelCoder) and other.model == self.model

    def __hash__(self) -> int:
        return hash((ModelCoder, self.model))

    def __repr__(self) -> str:
        return f"ModelCoder[{self.model.name} v{self.model.version}]"


class ModelCoderPlugin(BeamPlugin):
    """Makes a Beam worker import this module at its start, which registers the URN.

    The Dataflow runner passes on every subclass of `BeamPlugin`; other runners need
    `--beam_plugins`, which `pipeline.settings.beam_options` sets.
    """


PLUGIN = f"{ModelCoderPlugin.__module__}.{ModelCoderPlugin.__qualname__}"
"""The plugin's name for `--beam_plugins`."""


def _from_payload(payload: bytes) -> ModelCoder:
    name, _, version = payload.decode().rpartition(":")
    if name not in MODELS:
        raise ValueError(
            f"there is no model named {name}: deploy this worker with the same code as its job"
        )
    model = MODELS[name]
    if int(version) != model.version:
        raise _other_version(model, version)
    return ModelCoder(model)


def _other_version(model: Model, found: object) -> ValueError:
    return ValueError(
        f"{model.name} element of coder version {found}, expected {model.version}: drain "
        "the job and start it anew instead of updating it in place"
    )


beam.coders.Coder.register_urn(
    URN, None, lambda payload, components, context: _from_payload(payload)
)

for _model in MODELS.values():
    beam.coders.registry.register_coder(_model.cls, ModelCoder)
