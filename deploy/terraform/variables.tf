variable "project" {
  description = "Google Cloud project for all resources."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project id: 6-30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of the job, the database, the images and the buckets."
  type        = string
  default     = "us-central1"
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as us-central1, not a zone."
  }
}

variable "environment" {
  description = "Value of the label environment on all resources, such as production or staging."
  type        = string
  default     = "production"
  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]{0,62}$", var.environment))
    error_message = "environment must be a label's value: lower-case letters, digits, _ and -."
  }
}

variable "labels" {
  description = "Further labels on all resources."
  type        = map(string)
  default     = {}
}

variable "image_tag" {
  description = "Tag of image and template, as given to `run_dataflow.sh build-template --tag`."
  type        = string
  default     = "latest"
  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag))
    error_message = "image_tag must be a tag of a container image."
  }
}

variable "mode" {
  description = "Jobs to create: stream (Dataflow), drain (Cloud Run job), or none, for the first apply, before an image exists. The subscription has the policies of that mode."
  type        = string
  default     = "none"
  validation {
    condition     = contains(["none", "stream", "drain"], var.mode)
    error_message = "mode must be none, stream or drain: each subscription of a topic gets every message, so two modes would do all work twice."
  }
}

# Messages

variable "max_delivery_attempts" {
  description = "In mode drain: deliveries after which Pub/Sub moves a message to the undeliverable topic. Above the pipeline's own limit (max_deliveries, 5), so that messages that kill their worker become dead letters in the ledger."
  type        = number
  default     = 20
  validation {
    condition     = var.max_delivery_attempts > 5 && var.max_delivery_attempts <= 100
    error_message = "max_delivery_attempts must be from 6 to 100."
  }
}

variable "message_retention_days" {
  description = "Days that Pub/Sub keeps unacknowledged messages, and acknowledged requests if retain_acked_messages is set."
  type        = number
  default     = 7
  validation {
    condition     = var.message_retention_days >= 1 && var.message_retention_days <= 31
    error_message = "message_retention_days must be from 1 to 31."
  }
}

variable "retain_acked_messages" {
  description = "Keep requests after their acknowledgement, so that a seek can redeliver the messages that a cancelled job had read. The storage costs $0.27 per GiB and month: a quarter of a dollar for a million requests of 1 KiB a week."
  type        = bool
  default     = true
}

variable "publishers" {
  description = "IAM members that may publish requests (serviceAccount:api@…)."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for m in var.publishers : can(regex("^(serviceAccount|group|user):.+@.+$", m))])
    error_message = "publishers must be IAM members such as serviceAccount:api@my-project.iam.gserviceaccount.com."
  }
}

variable "care_readers" {
  description = "IAM members that may read which students need care (group:counsellors@…)."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for m in var.care_readers : can(regex("^(serviceAccount|group|user):.+@.+$", m))])
    error_message = "care_readers must be IAM members such as group:counsellors@example.com."
  }
}

# Artifacts

variable "artifact_retention_days" {
  description = "Days after which lessons are deleted; 0 for never."
  type        = number
  default     = 0
  validation {
    condition     = var.artifact_retention_days >= 0 && floor(var.artifact_retention_days) == var.artifact_retention_days
    error_message = "artifact_retention_days must be a whole number from 0."
  }
}

variable "readers" {
  description = "IAM members besides the pipeline that may read lessons."
  type        = set(string)
  default     = []
}

variable "force_destroy" {
  description = "Let `terraform destroy` delete buckets that contain files, the database and its secret."
  type        = bool
  default     = false
}

variable "soft_delete_days" {
  description = "Days for which deleted and overwritten lessons can be restored; 0 for none. What is erased for a student is gone after these days."
  type        = number
  default     = 7
  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "soft_delete_days must be 0, or from 7 to 90."
  }
}

variable "storage_location" {
  description = "Location of the bucket of lessons: a region, a dual region such as NAM4, or a multi-region such as EU. Null for the region; with kms_key it must be the key's location."
  type        = string
  default     = null
}

variable "cors_origins" {
  description = "Origins of pages that play lessons from the bucket, such as https://school.example; their <track> captions need it."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^(\\*|https?://[^/*]+)$", origin))])
    error_message = "cors_origins must be origins such as https://school.example, without a path."
  }
}

variable "kms_key" {
  description = "Cloud KMS key of the region that encrypts stored data, as projects/P/locations/L/keyRings/R/cryptoKeys/K. Null for Google's keys. It cannot be changed for an existing database or secret."
  type        = string
  default     = null
  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/${var.region}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must be projects/P/locations/L/keyRings/R/cryptoKeys/K, with the region as L."
  }
}

# Ledger

variable "database_tier" {
  description = "Machine type of Cloud SQL."
  type        = string
  default     = "db-custom-2-7680"
}

variable "database_version" {
  description = "Version of Postgres."
  type        = string
  default     = "POSTGRES_17"
  validation {
    condition     = can(regex("^POSTGRES_1[5-9]$", var.database_version))
    error_message = "database_version must be POSTGRES_15 or later."
  }
}

variable "database_availability" {
  description = "REGIONAL keeps a standby in another zone, ZONAL does not."
  type        = string
  default     = "REGIONAL"
  validation {
    condition     = contains(["REGIONAL", "ZONAL"], var.database_availability)
    error_message = "database_availability must be REGIONAL or ZONAL."
  }
}

variable "max_connections" {
  description = "Maximum number of connections to Postgres. A job refuses to start if workers × processes × pool exceed it."
  type        = number
  default     = 400
  validation {
    condition     = var.max_connections >= 50 && var.max_connections <= 10000
    error_message = "max_connections must be from 50 to 10,000."
  }
}

variable "final_backup_days" {
  description = "Days for which the backup taken at the deletion of the database is kept; 0 for none."
  type        = number
  default     = 30
  validation {
    condition     = var.final_backup_days >= 0 && var.final_backup_days <= 365
    error_message = "final_backup_days must be from 0 to 365."
  }
}

variable "database_password_version" {
  description = "Version of the database user's password; raise it to change the password."
  type        = number
  default     = 1
}

# Network

variable "private_addresses" {
  description = "Give database and workers private addresses only. False for public ones; the database then accepts only connections of the Cloud SQL connector, by IAM and TLS. It cannot go back to public ones."
  type        = bool
  default     = true
}

variable "network" {
  description = "VPC network, as projects/PROJECT/global/networks/NAME, for the private addresses; its subnetwork needs Private Google Access. Null to create one."
  type        = string
  default     = null
  validation {
    condition     = var.network == null || can(regex("^projects/[^/]+/global/networks/[^/]+$", var.network))
    error_message = "network must be projects/PROJECT/global/networks/NAME."
  }
}

variable "subnetwork" {
  description = "Subnetwork of the region in that network, as regions/REGION/subnetworks/NAME."
  type        = string
  default     = null
  validation {
    condition     = (var.subnetwork == null) == (var.network == null)
    error_message = "network and subnetwork are given together."
  }
}

variable "private_service_access" {
  description = "Create the peering for Cloud SQL's private address in a given network; false if it has one already."
  type        = bool
  default     = true
}

variable "ip_range" {
  description = "Addresses of the subnetwork that is created, as CIDR, for workers and Cloud Run jobs."
  type        = string
  default     = "10.64.0.0/20"
  validation {
    condition     = can(cidrhost(var.ip_range, 0))
    error_message = "ip_range must be a range such as 10.64.0.0/20."
  }
}

# Engines

variable "script_engine" {
  description = "Engine that writes scripts."
  type        = string
  default     = "gemini"
  validation {
    condition     = contains(["gemini", "offline"], var.script_engine)
    error_message = "script_engine must be gemini or offline."
  }
}

variable "voice_engine" {
  description = "Engine that speaks narrations."
  type        = string
  default     = "google"
  validation {
    condition     = contains(["google", "offline"], var.voice_engine)
    error_message = "voice_engine must be google or offline."
  }
}

variable "settings" {
  description = "Further settings of the pipeline for stream and drain, by their names with underscores, such as { max_cost_per_hour = \"5\" }; docs/reference/settings.md lists them."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^[a-z]+(_[a-z]+)*$", name))])
    error_message = "settings must be named as the template's parameters are: small letters and underscores."
  }
  validation {
    condition     = !contains(keys(var.settings), "database")
    error_message = "settings must not hold the database: jobs use the one that is created here."
  }
}

# Stream

variable "machine_type" {
  description = "Machine type of Dataflow's workers. Rendering is limited by the CPU."
  type        = string
  default     = "n2-standard-4"
}

variable "min_workers" {
  description = "Number of workers at the start of the streaming job."
  type        = number
  default     = 1
  validation {
    condition     = var.min_workers >= 1
    error_message = "min_workers must be at least 1."
  }
}

variable "max_workers" {
  description = "Maximum number of workers; each opens connections to Postgres (max_connections)."
  type        = number
  default     = 5
  validation {
    condition     = var.max_workers >= var.min_workers && var.max_workers <= 1000
    error_message = "max_workers must be from min_workers to 1000."
  }
  validation {
    condition     = var.max_workers * 8 <= var.max_connections - 20 # as `vividly check` computes
    error_message = "max_workers must be at most (max_connections - 20) / 8: each opens up to 8 connections to Postgres."
  }
}

# Drain

variable "drain_schedule" {
  description = "Schedule of the drain, as cron, UTC."
  type        = string
  default     = "*/10 * * * *"
  validation {
    condition     = length(split(" ", var.drain_schedule)) == 5
    error_message = "drain_schedule must be five fields of cron, such as */10 * * * *."
  }
}

variable "prune_schedule" {
  description = "Schedule of `vividly db prune`, as cron, UTC."
  type        = string
  default     = "30 3 * * *"
  validation {
    condition     = length(split(" ", var.prune_schedule)) == 5
    error_message = "prune_schedule must be five fields of cron, such as 30 3 * * *."
  }
}

variable "retention_days" {
  description = "Days for which completed, failed or cancelled requests, and what is kept of students who need care, stay in the ledger."
  type        = object({ completed = number, failed = number, care = optional(number, 60) })
  default     = { completed = 90, failed = 180 }
  validation {
    # A message that Pub/Sub delivers after its request was removed would be a new request.
    condition     = min(var.retention_days.completed, var.retention_days.failed, var.retention_days.care) > 31
    error_message = "retention_days must be longer than Pub/Sub keeps messages, 31 days."
  }
}

variable "drain_tasks" {
  description = "Number of parallel drains."
  type        = number
  default     = 1
  validation {
    condition     = var.drain_tasks >= 1 && var.drain_tasks <= 100
    error_message = "drain_tasks must be from 1 to 100."
  }
  validation {
    condition     = var.drain_tasks * 8 <= var.max_connections - 20 # as `vividly check` computes
    error_message = "drain_tasks must be at most (max_connections - 20) / 8: each opens up to 8 connections to Postgres."
  }
}

# Alerts

variable "alert_emails" {
  description = "E-mail addresses that receive alerts."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alert_emails must be addresses."
  }
}

variable "notification_channels" {
  description = "Existing notification channels, such as PagerDuty's, as projects/PROJECT/notificationChannels/ID."
  type        = set(string)
  default     = []
}

variable "runbook_url" {
  description = "Address of docs/runbook.md for your engineers; alerts link to its sections."
  type        = string
  default     = ""
  validation {
    condition     = var.runbook_url == "" || can(regex("^https://[^ #]+$", var.runbook_url))
    error_message = "runbook_url must be an https address without an anchor."
  }
}

variable "daily_cost_usd" {
  description = "Threshold of the alert on daily cost, in US dollars for engines and CPU."
  type        = number
  default     = 50
  validation {
    condition     = var.daily_cost_usd > 0
    error_message = "daily_cost_usd must be above 0."
  }
}

variable "request_cost_usd" {
  description = "Threshold of the alert on cost per request, in US dollars, averaged over an hour."
  type        = number
  default     = 0.05
  validation {
    condition     = var.request_cost_usd > 0
    error_message = "request_cost_usd must be above 0."
  }
}

# Governance

variable "audit_log_services" {
  description = "Services whose reads and writes are recorded in Cloud Audit Logs. It replaces the project's settings for these services; storage.googleapis.com adds a line for each file that is read."
  type        = set(string)
  default     = ["cloudsql.googleapis.com", "secretmanager.googleapis.com"]
  validation {
    condition     = alltrue([for service in var.audit_log_services : endswith(service, ".googleapis.com")])
    error_message = "audit_log_services must be names such as storage.googleapis.com."
  }
}

variable "billing_account" {
  description = "Billing account of the project, as 000000-000000-000000, for a monthly budget that alerts at 50, 90 and 100 %. You need the role Billing Account Costs Manager on it. Null for none."
  type        = string
  default     = null
  validation {
    condition     = var.billing_account == null || can(regex("^[0-9A-F]{6}(-[0-9A-F]{6}){2}$", var.billing_account))
    error_message = "billing_account must be 000000-000000-000000."
  }
}

variable "monthly_budget" {
  description = "Monthly budget of the project, in the billing account's currency."
  type        = number
  default     = 500
  validation {
    condition     = var.monthly_budget > 0 && floor(var.monthly_budget) == var.monthly_budget
    error_message = "monthly_budget must be a whole number above 0."
  }
}
