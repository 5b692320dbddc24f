# Three service accounts: one for workers and drains; one for migrations and prunes, the only one that
# can read the password of the tables' owner; one that may only start jobs. Roles on single resources
# are granted beside them (pubsub.tf, storage.tf, database.tf), roles on the project here.

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

  depends_on = [google_project_service.apis]
}

resource "google_service_account" "owner" {
  account_id   = "vividly-owner"
  display_name = "Vividly owner of the ledger's tables: migrations and prunes"
  depends_on   = [google_project_service.apis]
}

resource "google_project_iam_member" "owner" {
  project = var.project
  role    = "roles/cloudsql.client" # reach the instance
  member  = google_service_account.owner.member

  depends_on = [google_project_service.apis]
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

# `vividly check` and the jobs tell a missing topic from a forbidden one by looking at it.
resource "google_pubsub_topic_iam_member" "pipeline" {
  for_each = {
    for pair in setproduct(
      [
        google_pubsub_topic.dead_letters.name, # copies
        google_pubsub_topic.requests.name,     # replays
        google_pubsub_topic.care.name,         # students who need care
      ],
      ["roles/pubsub.publisher", "roles/pubsub.viewer"],
    ) : join(" ", pair) => pair
  }
  topic  = each.value[0]
  role   = each.value[1]
  member = google_service_account.pipeline.member
}

moved {
  from = google_pubsub_topic_iam_member.pipeline["dead_letters"]
  to   = google_pubsub_topic_iam_member.pipeline["content-requests-dead-letters roles/pubsub.publisher"]
}

moved {
  from = google_pubsub_topic_iam_member.pipeline["requests"]
  to   = google_pubsub_topic_iam_member.pipeline["content-requests roles/pubsub.publisher"]
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
