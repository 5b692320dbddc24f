# The ledger: Cloud SQL for PostgreSQL, its users, and the secret that holds its URL.

resource "google_compute_global_address" "database" {
  count         = var.network != null && var.private_service_access ? 1 : 0
  name          = "vividly-cloud-sql"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = var.network
}

resource "google_service_networking_connection" "database" {
  count                   = var.network != null && var.private_service_access ? 1 : 0
  network                 = var.network
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.database[0].name]
}

resource "google_sql_database_instance" "ledger" {
  name                = "vividly"
  database_version    = var.database_version
  region              = var.region
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
      ipv4_enabled    = var.network == null
      private_network = var.network
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

  depends_on = [google_project_service.apis, google_service_networking_connection.database]
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

# Owns the tables.
resource "google_sql_user" "vividly" {
  name                = "vividly"
  instance            = google_sql_database_instance.ledger.name
  password_wo         = ephemeral.random_password.database.result
  password_wo_version = var.database_password_version
}

# The login of the pipeline's service account; its privileges are granted in SQL, see README.md.
resource "google_sql_user" "iam" {
  name     = trimsuffix(google_service_account.pipeline.email, ".gserviceaccount.com")
  instance = google_sql_database_instance.ledger.name
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"
}

resource "google_secret_manager_secret" "database" {
  secret_id = "vividly-database"
  replication {
    auto {}
  }
  depends_on = [google_project_service.apis]
}

resource "google_secret_manager_secret_version" "database" {
  secret = google_secret_manager_secret.database.id
  secret_data_wo = join("", [
    "postgresql://vividly:${ephemeral.random_password.database.result}",
    "@/${google_sql_database.ledger.name}?${local.database_query}",
  ])
  secret_data_wo_version = var.database_password_version
}

resource "google_secret_manager_secret_iam_member" "database_pipeline" {
  secret_id = google_secret_manager_secret.database.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.pipeline.member
}
