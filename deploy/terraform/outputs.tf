output "topic" {
  description = "Where requests are published."
  value       = google_pubsub_topic.requests.id
}

output "subscription" {
  description = "What the pipeline reads: --subscription."
  value       = google_pubsub_subscription.requests.id
}

output "undeliverable_subscription" {
  description = "What Pub/Sub gave up."
  value       = google_pubsub_subscription.undeliverable.id
}

output "dead_letter_topic" {
  description = "Where the pipeline publishes what it gave up: --dead-letter-topic."
  value       = google_pubsub_topic.dead_letters.id
}

output "artifacts" {
  description = "Where lessons are: --artifacts."
  value       = local.artifacts
}

output "database" {
  description = "How the pipeline finds the ledger: --database. Holds no secret."
  value       = local.database
}

output "bucket" {
  description = "Bucket of template files, staging and temporary files: --bucket of run_dataflow.sh."
  value       = google_storage_bucket.work.name
}

output "repository" {
  description = "Where images are pushed."
  value       = local.repository
}

output "service_account" {
  description = "Whom workers and drains run as."
  value       = google_service_account.pipeline.email
}

output "dashboard" {
  description = "The dashboard's resource name."
  value       = google_monitoring_dashboard.pipeline.id
}
