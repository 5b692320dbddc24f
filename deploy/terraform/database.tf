# The ledger: Cloud SQL for PostgreSQL, its users, and the secret that holds its URL.

resource "google_sql_database_instance" "ledger" {
  name                = "vividly"
  database_version    = var.database_version
  region              = var.region
  encryption_key_name = var.kms_key
  deletion_protection = !var.force_destroy

  settings {
    tier                        = var.database_tier
    edition                     = "ENTERPRISE"
    availability_type           = var.database_availability
    disk_type                   = "PD_SSD"
    disk_autoresize             = true
    deletion_protection_enabled = !var.force_destroy
    connector_enforcement       = "REQUIRED" # only connections through IAM and TLS

    ip_configuration {
      ipv4_enabled    = !var.private_addresses
      private_network = local.network
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }
    database_flags {
      name  = "max_connections"
      value = tostring(var.max_connections)
    }
    # The server's log must not contain students' questions: no statements, no rejected rows.
    database_flags {
      name  = "log_min_error_statement"
      value = "panic"
    }
    database_flags {
      name  = "log_error_verbosity"
      value = "terse"
    }

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = 7
      backup_retention_settings {
        retained_backups = 14
      }
    }

    # Taken when the instance is deleted, and kept without it.
    final_backup_config {
      enabled        = var.final_backup_days > 0
      retention_days = var.final_backup_days > 0 ? var.final_backup_days : null
    }

    maintenance_window {
      day          = 7
      hour         = 9
      update_track = "stable"
    }

    insights_config {
      query_insights_enabled = true
    }
  }

  lifecycle {
    ignore_changes = [settings[0].disk_size] # it grows automatically
  }

  depends_on = [
    google_kms_crypto_key_iam_member.agents,
    google_project_service.apis,
    google_service_networking_connection.database,
  ]
}

resource "google_sql_database" "ledger" {
  name     = "vividly"
  instance = google_sql_database_instance.ledger.name
}

# Letters and digits only, so that a URL needs no escaping. Each run generates a new one and does not
# store it: write-only arguments use it when their version changes.
ephemeral "random_password" "database" {
  length  = 40
  special = false
}

# Owns the tables. ABANDON, since Postgres does not drop users who own or were granted something; they
# go with the instance.
resource "google_sql_user" "vividly" {
  name                = "vividly"
  instance            = google_sql_database_instance.ledger.name
  password_wo         = ephemeral.random_password.database.result
  password_wo_version = var.database_password_version
  deletion_policy     = "ABANDON"
}

# The login of the pipeline's service account; `vividly-migrate` grants it its rights.
resource "google_sql_user" "iam" {
  name            = trimsuffix(google_service_account.pipeline.email, ".gserviceaccount.com")
  instance        = google_sql_database_instance.ledger.name
  type            = "CLOUD_IAM_SERVICE_ACCOUNT"
  deletion_policy = "ABANDON"
}

# In one region with a key, since a regional key cannot encrypt replicas elsewhere.
resource "google_secret_manager_secret" "database" {
  secret_id           = "vividly-database"
  deletion_protection = !var.force_destroy

  replication {
    dynamic "auto" {
      for_each = var.kms_key == null ? [1] : []
      content {}
    }
    dynamic "user_managed" {
      for_each = var.kms_key == null ? [] : [var.kms_key]
      content {
        replicas {
          location = var.region
          customer_managed_encryption {
            kms_key_name = user_managed.value
          }
        }
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agents, google_project_service.apis]
}

resource "google_secret_manager_secret_version" "database" {
  secret = google_secret_manager_secret.database.id
  secret_data_wo = join("", [
    "postgresql://vividly:${ephemeral.random_password.database.result}",
    "@/${google_sql_database.ledger.name}?${local.database_query}",
  ])
  secret_data_wo_version = var.database_password_version
}

resource "google_secret_manager_secret_iam_member" "database_owner" {
  secret_id = google_secret_manager_secret.database.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.owner.member
}
