# Cloud Run jobs: the drain and what starts it, and the migration of the ledger's tables.

locals {
  drain_settings = {
    VIVIDLY_PROJECT             = var.project
    VIVIDLY_SUBSCRIPTION        = google_pubsub_subscription.requests.id
    VIVIDLY_DATABASE            = local.database
    VIVIDLY_ARTIFACTS           = local.artifacts
    VIVIDLY_DEAD_LETTER_TOPIC   = google_pubsub_topic.dead_letters.id
    VIVIDLY_SCRIPT_ENGINE       = var.script_engine
    VIVIDLY_VOICE_ENGINE        = var.voice_engine
    VIVIDLY_WORKERS             = "4"
    VIVIDLY_MAX_RUNTIME         = "3300"
    VIVIDLY_EMPTY_QUEUE_TIMEOUT = "30"
    VIVIDLY_SHUTDOWN_GRACE      = "6" # Cloud Run kills ten seconds after SIGTERM
  }
}

resource "google_cloud_run_v2_job" "drain" {
  count               = local.drains ? 1 : 0
  name                = "vividly-drain"
  location            = var.region
  deletion_protection = false # it holds nothing

  template {
    # Claims make any number of drains safe side by side.
    task_count  = var.drain_tasks
    parallelism = var.drain_tasks

    template {
      service_account = google_service_account.pipeline.email
      timeout         = "3600s" # above VIVIDLY_MAX_RUNTIME: it is the drain that ends itself
      max_retries     = 1       # status 3, a dependency stayed down, is worth another try

      containers {
        image = local.drain_image
        args  = ["drain"]

        resources {
          limits = {
            cpu    = "4"
            memory = "8Gi"
          }
        }

        dynamic "env" {
          for_each = merge(local.drain_settings, {
            for name, value in var.settings : "VIVIDLY_${upper(name)}" => value
          })
          content {
            name  = env.key
            value = env.value
          }
        }
      }

      dynamic "vpc_access" {
        for_each = var.network == null ? [] : [var.network]
        content {
          egress = "PRIVATE_RANGES_ONLY"
          network_interfaces {
            network    = var.network
            subnetwork = basename(var.subnetwork)
          }
        }
      }
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.images_pipeline,
    google_secret_manager_secret_iam_member.database_pipeline,
    google_secret_manager_secret_version.database,
  ]
}

resource "google_cloud_run_v2_job_iam_member" "drain_scheduler" {
  count    = local.drains ? 1 : 0
  name     = google_cloud_run_v2_job.drain[0].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler[0].member
}

resource "google_cloud_scheduler_job" "drain" {
  count            = local.drains ? 1 : 0
  name             = "vividly-drain"
  region           = var.region
  description      = "Starts a drain; two at a time do no harm"
  schedule         = var.drain_schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  retry_config {
    retry_count = 1
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.drain[0].id}:run"
    oauth_token {
      service_account_email = google_service_account.scheduler[0].email
    }
  }
}

# Run by hand, once before the first job and once with each release:
# gcloud run jobs execute vividly-migrate --region REGION --wait
resource "google_cloud_run_v2_job" "migrate" {
  count               = var.mode == "none" ? 0 : 1
  name                = "vividly-migrate"
  location            = var.region
  deletion_protection = false

  template {
    template {
      service_account = google_service_account.pipeline.email
      timeout         = "600s"
      max_retries     = 0

      containers {
        image = local.drain_image
        args  = ["db", "upgrade"]
        env {
          name  = "VIVIDLY_DATABASE" # as the tables' owner, however the pipeline logs in
          value = google_secret_manager_secret.database.id
        }
      }

      dynamic "vpc_access" {
        for_each = var.network == null ? [] : [var.network]
        content {
          egress = "PRIVATE_RANGES_ONLY"
          network_interfaces {
            network    = var.network
            subnetwork = basename(var.subnetwork)
          }
        }
      }
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.images_pipeline,
    google_secret_manager_secret_iam_member.database_pipeline,
    google_secret_manager_secret_version.database,
  ]
}
