# Two service accounts: one for workers and drains, one that may only start jobs. Roles on single
# resources are granted beside them (pubsub.tf, storage.tf, database.tf), roles on the project here.

resource "google_service_account" "pipeline" {
  account_id   = "vividly-pipeline"
  display_name = "Vividly pipeline: Dataflow workers and drains"
  depends_on   = [google_project_service.apis]
}

resource "google_project_iam_member" "pipeline" {
  for_each = toset(concat(
    [
      "roles/cloudsql.client",       # reach the instance
      "roles/cloudsql.instanceUser", # log in by IAM
      "roles/logging.logWriter",
      "roles/monitoring.metricWriter",
      "roles/serviceusage.serviceUsageConsumer", # all that Text-to-Speech needs
    ],
    local.streams ? ["roles/dataflow.worker"] : [],
    var.script_engine == "gemini" ? ["roles/aiplatform.user"] : [],
  ))
  project = var.project
  role    = each.value
  member  = google_service_account.pipeline.member
}

resource "google_pubsub_subscription_iam_member" "pipeline" {
  for_each = {
    for pair in setproduct(
      [google_pubsub_subscription.requests.name, google_pubsub_subscription.undeliverable.name],
      ["roles/pubsub.subscriber", "roles/pubsub.viewer"], # Dataflow reads the subscription's settings
    ) : join(" ", pair) => pair
  }
  subscription = each.value[0]
  role         = each.value[1]
  member       = google_service_account.pipeline.member
}

resource "google_pubsub_topic_iam_member" "pipeline" {
  for_each = {
    dead_letters = google_pubsub_topic.dead_letters.id
    requests     = google_pubsub_topic.requests.id # replays
  }
  topic  = each.value
  role   = "roles/pubsub.publisher"
  member = google_service_account.pipeline.member
}

resource "google_service_account" "scheduler" {
  count        = var.mode == "none" ? 0 : 1
  account_id   = "vividly-scheduler"
  display_name = "Vividly scheduler: starts drains and prunes"
  depends_on   = [google_project_service.apis]
}

locals {
  streams = var.mode == "stream"
  drains  = var.mode == "drain"
}
