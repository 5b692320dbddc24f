# Shared names and labels, and the APIs that must be enabled.

locals {
  labels = merge({ app = "vividly", environment = var.environment }, var.labels)

  # Jobs get the secret's name; each process reads the URL from the secret itself.
  database = var.database_login == "password" ? google_secret_manager_secret.database.id : (
    "postgresql://${urlencode(google_sql_user.iam.name)}@/${google_sql_database.ledger.name}?${local.database_query}"
  )
  database_query = join("&", [
    "instance=${google_sql_database_instance.ledger.connection_name}",
    "ip_type=${var.network == null ? "public" : "private"}",
  ])

  artifacts = "gs://${google_storage_bucket.artifacts.name}/lessons"
  # Names as in run_dataflow.sh (launcher and workers of the stream) and deploy/cloud_run.sh (drain).
  stream_image = "${local.repository}/vividly:${var.image_tag}"
  drain_image  = "${local.repository}/drain:${var.image_tag}"
  repository = join("/", [
    "${var.region}-docker.pkg.dev", var.project, google_artifact_registry_repository.images.repository_id,
  ])
}

resource "google_project_service" "apis" {
  for_each = toset([
    "aiplatform.googleapis.com",
    "artifactregistry.googleapis.com",
    "cloudscheduler.googleapis.com",
    "compute.googleapis.com", # Dataflow's workers
    "dataflow.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "servicenetworking.googleapis.com", # Cloud SQL's private address
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
    "texttospeech.googleapis.com",
  ])
  service            = each.value
  disable_on_destroy = false # other programs in the project may use it
}
