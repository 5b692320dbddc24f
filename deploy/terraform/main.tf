# Shared names and labels, and the APIs that must be enabled.

locals {
  labels = merge({ app = "vividly", environment = var.environment }, var.labels)

  # Jobs log in as their service account, so the URL holds no password.
  database = "postgresql://${urlencode(google_sql_user.iam.name)}@/${google_sql_database.ledger.name}?${local.database_query}"
  database_query = join("&", [
    "instance=${google_sql_database_instance.ledger.connection_name}",
    "ip_type=${var.private_addresses ? "private" : "public"}",
  ])

  lessons   = "lessons" # folder of the artifacts in their bucket
  artifacts = "gs://${google_storage_bucket.artifacts.name}/${local.lessons}"
  # Names as in run_dataflow.sh (launcher and workers of the stream) and deploy/cloud_run.sh (drain).
  stream_image = "${local.repository}/vividly:${var.image_tag}"
  drain_image  = "${local.repository}/drain:${var.image_tag}"
  repository = join("/", [
    "${var.region}-docker.pkg.dev", var.project, google_artifact_registry_repository.images.repository_id,
  ])
}

# Terraform itself calls Service Usage and Cloud Resource Manager, so these two must be enabled before
# the first apply (README.md); they are listed so that nothing disables them.
resource "google_project_service" "apis" {
  for_each = toset(concat([
    "aiplatform.googleapis.com",
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com", # --builder=cloud
    "cloudresourcemanager.googleapis.com",
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
    "serviceusage.googleapis.com",
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
    "texttospeech.googleapis.com",
    ],
    var.billing_account == null ? [] : ["billingbudgets.googleapis.com"],
    var.kms_key == null ? [] : ["cloudkms.googleapis.com"],
  ))
  service            = each.value
  disable_on_destroy = false # other programs in the project may use it
}
