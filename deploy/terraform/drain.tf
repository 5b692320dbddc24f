# Cloud Run jobs: the drain, the migration of the ledger's tables and their pruning, with schedules.

locals {
  # The engines and their limits: `vividly check` asks for one of each paid engine. var.settings overrides
  # them.
  engine_settings = {
    script_engine        = var.script_engine
    voice_engine         = var.voice_engine
    script_per_minute    = "120"
    narration_per_minute = "180" # Chirp 3 allows 200 in a new project
  }
  drain_settings = {
    VIVIDLY_PROJECT             = var.project
    VIVIDLY_SUBSCRIPTION        = google_pubsub_subscription.requests.id
    VIVIDLY_DATABASE            = local.database
    VIVIDLY_ARTIFACTS           = local.artifacts
    VIVIDLY_DEAD_LETTER_TOPIC   = google_pubsub_topic.dead_letters.id
    VIVIDLY_CARE_TOPIC          = google_pubsub_topic.care.id
    VIVIDLY_WORKERS             = "4"
    VIVIDLY_MAX_RUNTIME         = "3300"
    VIVIDLY_EMPTY_QUEUE_TIMEOUT = "30"
    VIVIDLY_SHUTDOWN_GRACE      = "6" # Cloud Run kills ten seconds after SIGTERM
  }
  jobs = {
    for name, job in {
      drain = {
        wanted  = local.drains
        args    = ["drain"]
        tasks   = var.drain_tasks # claims make any number of parallel drains safe
        timeout = "3600s"         # above VIVIDLY_MAX_RUNTIME, so that the drain ends by itself
        retries = 1               # after status 3 (a dependency stayed down) a retry may succeed
        limits  = { cpu = "4", memory = "8Gi" }
        account = google_service_account.pipeline.email
        environment = merge(local.drain_settings, {
          for name, value in merge(local.engine_settings, var.settings) :
          "VIVIDLY_${upper(name)}" => value
        })
      }
      # Run by hand, once before the first job and once with each release:
      # gcloud run jobs execute vividly-migrate --region REGION --wait
      migrate = {
        wanted  = var.mode != "none"
        args    = ["db", "upgrade", "--grant-to=${google_sql_user.iam.name}"]
        tasks   = 1
        timeout = "7200s" # an index of a large table takes long
        retries = 0
        limits  = { cpu = "1", memory = "512Mi" }
        account = google_service_account.owner.email
        environment = { # as the tables' owner
          VIVIDLY_DATABASE = google_secret_manager_secret.database.id
        }
      }
      prune = {
        wanted = var.mode != "none"
        args = [
          "db", "prune",
          "--completed=${var.retention_days.completed}d", "--failed=${var.retention_days.failed}d",
          "--care=${var.retention_days.care}d",
        ]
        tasks   = 1
        timeout = "3600s" # the next run goes on where an interrupted one ended
        retries = 0
        limits  = { cpu = "1", memory = "512Mi" }
        account = google_service_account.owner.email
        environment = { # as the tables' owner: only it may delete
          VIVIDLY_DATABASE = google_secret_manager_secret.database.id
        }
      }
    } : name => job if job.wanted
  }
  schedules = {
    for name, schedule in {
      drain = {
        schedule    = var.drain_schedule
        description = "Starts a drain; parallel drains are safe"
      }
      prune = {
        schedule    = var.prune_schedule
        description = "Removes old requests from the ledger"
      }
    } : name => schedule if contains(keys(local.jobs), name)
  }
}

resource "google_cloud_run_v2_job" "pipeline" {
  for_each            = local.jobs
  name                = "vividly-${each.key}"
  location            = var.region
  deletion_protection = false # it holds nothing

  template {
    task_count  = each.value.tasks
    parallelism = each.value.tasks

    template {
      service_account = each.value.account
      encryption_key  = var.kms_key
      timeout         = each.value.timeout
      max_retries     = each.value.retries

      containers {
        image = local.drain_image
        args  = each.value.args

        resources {
          limits = each.value.limits
        }

        dynamic "env" {
          for_each = each.value.environment
          content {
            name  = env.key
            value = env.value
          }
        }
      }

      dynamic "vpc_access" {
        for_each = var.private_addresses ? [local.network] : []
        content {
          egress = "PRIVATE_RANGES_ONLY"
          network_interfaces {
            network    = local.network
            subnetwork = basename(local.subnetwork)
          }
        }
      }
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.images_pipeline,
    google_kms_crypto_key_iam_member.agents,
    google_secret_manager_secret_iam_member.database_owner,
    google_secret_manager_secret_version.database,
  ]
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  for_each = local.schedules
  name     = google_cloud_run_v2_job.pipeline[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler[0].member
}

resource "google_cloud_scheduler_job" "pipeline" {
  for_each         = local.schedules
  name             = "vividly-${each.key}"
  region           = var.region
  description      = each.value.description
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  retry_config {
    retry_count = 1
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.pipeline[each.key].id}:run"
    oauth_token {
      service_account_email = google_service_account.scheduler[0].email
    }
  }
}

moved {
  from = google_cloud_run_v2_job_iam_member.drain_scheduler[0]
  to   = google_cloud_run_v2_job_iam_member.scheduler["drain"]
}

moved {
  from = google_cloud_scheduler_job.drain[0]
  to   = google_cloud_scheduler_job.pipeline["drain"]
}
