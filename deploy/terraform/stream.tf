# The streaming job, from the template that `run_dataflow.sh build-template` wrote.

locals {
  # Names as in deploy/metadata.json. No secrets: every user who may view the job sees them.
  stream_parameters = merge(local.engine_settings, {
    subscription        = google_pubsub_subscription.requests.id
    database            = local.database
    artifacts           = local.artifacts
    dead_letter_topic   = google_pubsub_topic.dead_letters.id
    care_topic          = google_pubsub_topic.care.id
    sdk_container_image = local.stream_image
  })

  # Options of the launch, each given once: here and not as an argument. The provider moves these names
  # from the parameters to the launch's environment. It reads the arguments of the same meaning back from
  # sdkPipelineOptions by their Java names, which a Python job does not have. So they would differ in each
  # plan, and a different num_workers or max_workers replaces the job. With ignore_changes alone, an
  # update would launch with the values read back, which are empty (ARGUMENTS.md).
  launch_options = {
    numWorkers        = tostring(var.min_workers)
    maxNumWorkers     = tostring(var.max_workers)
    workerMachineType = var.machine_type
    stagingLocation   = "gs://${google_storage_bucket.work.name}/staging"
    tempLocation      = "gs://${google_storage_bucket.work.name}/temp"
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
  service_account_email   = google_service_account.pipeline.email
  kms_key_name            = var.kms_key
  network                 = local.network == null ? null : basename(local.network)
  subnetwork              = local.subnetwork
  ip_configuration        = var.private_addresses ? "WORKER_IP_PRIVATE" : "WORKER_IP_PUBLIC"

  parameters = merge(local.stream_parameters, local.launch_options, var.settings)

  lifecycle {
    # Computed from the launch options above, and read back wrong.
    ignore_changes = [
      machine_type, max_workers, num_workers, sdk_container_image, staging_location, temp_location,
    ]
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.images_pipeline,
    google_kms_crypto_key_iam_member.agents,
    google_project_iam_member.pipeline,
    google_pubsub_subscription_iam_member.pipeline,
    google_storage_bucket_iam_member.work_pipeline,
  ]
}
