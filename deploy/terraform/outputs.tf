output "topic" {
  description = "Topic of requests."
  value       = google_pubsub_topic.requests.id
}

output "subscription" {
  description = "Subscription that the pipeline reads: --subscription."
  value       = google_pubsub_subscription.requests.id
}

output "undeliverable_subscription" {
  description = "Subscription of the messages that Pub/Sub could not deliver."
  value       = google_pubsub_subscription.undeliverable.id
}

output "dead_letter_topic" {
  description = "Topic that the pipeline publishes dead letters to: --dead-letter-topic."
  value       = google_pubsub_topic.dead_letters.id
}

output "care_topic" {
  description = "Topic on which staff learn of students who need care: --care-topic."
  value       = google_pubsub_topic.care.id
}

output "care_subscription" {
  description = "Subscription of that topic; let a person read it."
  value       = google_pubsub_subscription.care.id
}

output "artifacts" {
  description = "Folder of lessons in the bucket: --artifacts."
  value       = local.artifacts
}

output "database" {
  description = "Address of the ledger, for the pipeline's service account: --database. Not secret."
  value       = local.database
}

output "database_owner" {
  description = "Name of the secret that holds the address of the ledger with its owner's password."
  value       = google_secret_manager_secret.database.id
}

output "bucket" {
  description = "Bucket of template files, staging and temporary files: --bucket of run_dataflow.sh."
  value       = google_storage_bucket.work.name
}

output "repository" {
  description = "Artifact Registry repository of the images."
  value       = local.repository
}

output "service_account" {
  description = "Service account of workers and drains."
  value       = google_service_account.pipeline.email
}

output "dashboard" {
  description = "The dashboard's resource name."
  value       = google_monitoring_dashboard.pipeline.id
}
