"""Declaration of the offline script engine."""

from transforms.engine_plugin import EnginePlugin

PLUGIN = EnginePlugin(
    package=__package__,
    engine=".offline_writer:OfflineScriptEngine",
)
