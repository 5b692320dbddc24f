# With kms_key, stored data are encrypted with it. Each service encrypts as an account of its own, which
# may use the key.

locals {
  key_services = var.kms_key == null ? [] : [
    "artifactregistry.googleapis.com",
    "dataflow.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "sqladmin.googleapis.com",
  ]
  key_users = var.kms_key == null ? {} : merge(
    { for service in local.key_services : service => google_project_service_identity.agents[service].member },
    {
      # Of these two, the provider creates no service agent.
      "compute.googleapis.com" = "serviceAccount:service-${data.google_project.this.number}@compute-system.iam.gserviceaccount.com"
      "pubsub.googleapis.com"  = google_project_service_identity.agents["pubsub.googleapis.com"].member
      "storage.googleapis.com" = data.google_storage_project_service_account.this[0].member
    },
  )
}

# Creates a service agent if it does not exist yet.
resource "google_project_service_identity" "agents" {
  provider   = google-beta
  for_each   = toset(concat(["pubsub.googleapis.com"], local.key_services))
  service    = each.value
  depends_on = [google_project_service.apis]
}

moved {
  from = google_project_service_identity.pubsub
  to   = google_project_service_identity.agents["pubsub.googleapis.com"]
}

data "google_project" "this" {
  depends_on = [google_project_service.apis]
}

data "google_storage_project_service_account" "this" {
  count      = var.kms_key == null ? 0 : 1
  depends_on = [google_project_service.apis]
}

resource "google_kms_crypto_key_iam_member" "agents" {
  for_each      = local.key_users
  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}
