# Buckets for lessons and for the jobs' own files, and the image repository.

resource "google_storage_bucket" "artifacts" {
  name                        = "${var.project}-vividly-artifacts"
  location                    = coalesce(var.storage_location, var.region)
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.force_destroy

  # Each file is written once, so versioning is off. Deleted and overwritten files can be restored.
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  # A page may play lessons of another origin, but not their <track> captions without this.
  dynamic "cors" {
    for_each = length(var.cors_origins) > 0 ? [var.cors_origins] : []
    content {
      origin          = cors.value
      method          = ["GET", "HEAD"]
      response_header = ["Accept-Ranges", "Content-Length", "Content-Range", "Content-Type", "Range"]
      max_age_seconds = 3600
    }
  }

  # Results of single paid calls, kept until their lesson is complete.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 7
      matches_prefix = ["${local.lessons}/parts/"]
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  # Stored answers of paid calls, which finished requests delete.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 7
      matches_prefix = ["parts/"]
    }
  }

  # Results that requests share (--reuse); lessons have copies of their own.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 30
      matches_prefix = ["${local.lessons}/shared/"]
    }
  }

  # Old lessons are rarely watched.
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
    condition {
      age = 90
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.artifact_retention_days > 0 ? [var.artifact_retention_days] : []
    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agents, google_project_service.apis]
}

resource "google_storage_bucket" "work" {
  name                        = "${var.project}-vividly"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.force_destroy

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  # Only temp/: new workers of a streaming job download the files staged at its start, at any later
  # time, and updates use the templates.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 14
      matches_prefix = ["temp/"]
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agents, google_project_service.apis]
}

# Overwriting a file needs the permission to delete it. So the account may delete in this bucket, where
# soft delete keeps what is deleted, and else only what its job stages.
resource "google_storage_bucket_iam_member" "artifacts_pipeline" {
  bucket = google_storage_bucket.artifacts.name
  role   = "roles/storage.objectUser"
  member = google_service_account.pipeline.member
}

# Workers read the template and the staged files, and write only beneath these two folders: one that is
# taken over cannot change the template of the next release.
resource "google_storage_bucket_iam_member" "work_pipeline" {
  for_each = local.streams ? {
    read  = { role = "roles/storage.objectViewer", folders = [] }
    write = { role = "roles/storage.objectUser", folders = ["staging", "temp"] }
  } : {}
  bucket = google_storage_bucket.work.name
  role   = each.value.role
  member = google_service_account.pipeline.member

  dynamic "condition" {
    for_each = length(each.value.folders) > 0 ? [each.value.folders] : []
    content {
      title = "staged-and-temporary-files"
      expression = join(" || ", [
        for folder in condition.value :
        "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.work.name}/objects/${folder}/\")"
      ])
    }
  }
}

# Dataflow and `vividly check` read the buckets' metadata.
resource "google_storage_bucket_iam_member" "buckets_pipeline" {
  for_each = {
    artifacts = google_storage_bucket.artifacts.name
    work      = google_storage_bucket.work.name
  }
  bucket = each.value
  role   = "roles/storage.legacyBucketReader"
  member = google_service_account.pipeline.member
}

resource "google_storage_bucket_iam_member" "readers" {
  for_each = var.readers
  bucket   = google_storage_bucket.artifacts.name
  role     = "roles/storage.objectViewer"
  member   = each.value
}

resource "google_artifact_registry_repository" "images" {
  repository_id = "vividly"
  location      = var.region
  format        = "DOCKER"
  kms_key_name  = var.kms_key
  description   = "Images of the Vividly content pipeline"

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "7776000s" # 90 days
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agents, google_project_service.apis]
}

resource "google_artifact_registry_repository_iam_member" "images_pipeline" {
  repository = google_artifact_registry_repository.images.name
  location   = google_artifact_registry_repository.images.location
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.pipeline.member
}
