"""Settings that name resources: project, subscription, database, folders."""

from __future__ import annotations

from pipeline.settings.parsers import (
    artifact_root,
    database_url,
    folder_path,
    positive_int,
    project_id,
    short_topic_name,
    subscription_name,
    topic_name,
)
from pipeline.settings.setting import Setting

GROUP = "Where things are"

SETTINGS = (
    Setting(
        "project", "Google Cloud project of topic and subscription", GROUP,
        type=project_id, default="vividly-local", aliases=("GOOGLE_CLOUD_PROJECT",),
    ),
    Setting(
        "subscription", "Pub/Sub subscription, by name or as projects/…/subscriptions/…", GROUP,
        type=subscription_name, default="content-requests-drain",
    ),
    Setting(
        "topic", "Pub/Sub topic, by name or as projects/…/topics/…", GROUP,
        type=short_topic_name, default="content-requests",
    ),
    Setting(
        "dead-letter-topic", "Pub/Sub topic that receives a copy of each dead letter of the "
        "ledger, as projects/…/topics/…; none when not given", GROUP,
        type=topic_name, graph=True,
    ),
    Setting(
        "database", "Postgres URL (postgresql://user:password@host:port/name), or the secret in "
        "Secret Manager that holds it (projects/…/secrets/…); ?pooler=transaction in the URL names "
        "a transaction pooler such as PgBouncer, which is detected otherwise; an embedded Postgres "
        "under the state folder when not given", GROUP, type=database_url, secret=True,
    ),
    Setting(
        "connections", "connections to Postgres that a process may open", GROUP,
        type=positive_int, default=8,
    ),
    Setting(
        "processes", "processes of all jobs together that share the database; a job refuses to "
        "start where their connections would be more than the server allows", GROUP,
        type=positive_int, default=1, aliases=("CLOUD_RUN_TASK_COUNT",),
    ),
    Setting(
        "artifacts", "folder or gs://bucket/prefix that artifacts are written to", GROUP,
        type=artifact_root, default="var/artifacts",
    ),
    Setting(
        "state", "folder of the embedded services", GROUP, type=folder_path, default="var"
    ),
)  # fmt: skip
