# The streaming job, from the template that `run_dataflow.sh build-template` wrote.

locals {
  # Names as in deploy/metadata.json. No secrets: every user who may view the job sees them.
  stream_parameters = {
    subscription        = google_pubsub_subscription.requests.id
    database            = local.database
    artifacts           = local.artifacts
    dead_letter_topic   = google_pubsub_topic.dead_letters.id
    script_engine       = var.script_engine
    voice_engine        = var.voice_engine
    sdk_container_image = local.stream_image
  }
}

resource "google_dataflow_flex_template_job" "stream" {
  provider = google-beta
  count    = local.streams ? 1 : 0

  name                    = "vividly-content"
  region                  = var.region
  container_spec_gcs_path = "gs://${google_storage_bucket.work.name}/templates/vividly-${var.image_tag}.json"
  on_delete               = "drain" # finish what is in flight

  enable_streaming_engine = true
  autoscaling_algorithm   = "THROUGHPUT_BASED"
  num_workers             = var.min_workers
  max_workers             = var.max_workers
  machine_type            = var.machine_type
  sdk_container_image     = local.stream_image
  service_account_email   = google_service_account.pipeline.email
  staging_location        = "gs://${google_storage_bucket.work.name}/staging"
  temp_location           = "gs://${google_storage_bucket.work.name}/temp"
  network                 = var.network == null ? null : basename(var.network)
  subnetwork              = var.subnetwork
  ip_configuration        = var.network == null ? "WORKER_IP_PUBLIC" : "WORKER_IP_PRIVATE"
  labels                  = local.labels

  parameters = merge(local.stream_parameters, var.settings)

  depends_on = [
    google_artifact_registry_repository_iam_member.images_pipeline,
    google_project_iam_member.pipeline,
    google_pubsub_subscription_iam_member.pipeline,
    google_secret_manager_secret_iam_member.database_pipeline,
    google_secret_manager_secret_version.database,
    google_storage_bucket_iam_member.work_pipeline,
  ]
}
