# The network in which database and workers have private addresses only; created unless one is given.
# Google's APIs, the image repository among them, are reached by Private Google Access, so no NAT is
# needed. With Streaming Engine workers exchange nothing with each other, so no firewall rule is needed.

locals {
  creates_network = var.private_addresses && var.network == null
  peers           = var.private_addresses && (local.creates_network || var.private_service_access)

  network    = var.private_addresses ? coalesce(var.network, one(google_compute_network.vividly[*].id)) : null
  subnetwork = var.private_addresses ? coalesce(var.subnetwork, one(local.own_subnetworks)) : null
  own_subnetworks = [
    for own in google_compute_subnetwork.vividly : "regions/${own.region}/subnetworks/${own.name}"
  ]
}

resource "google_compute_network" "vividly" {
  count                   = local.creates_network ? 1 : 0
  name                    = "vividly"
  auto_create_subnetworks = false
  depends_on              = [google_project_service.apis]
}

resource "google_compute_subnetwork" "vividly" {
  count                    = local.creates_network ? 1 : 0
  name                     = "vividly"
  region                   = var.region
  network                  = google_compute_network.vividly[0].id
  ip_cidr_range            = var.ip_range
  private_ip_google_access = true
}

resource "google_compute_global_address" "database" {
  count         = local.peers ? 1 : 0
  name          = "vividly-cloud-sql"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = local.network
}

resource "google_service_networking_connection" "database" {
  count                   = local.peers ? 1 : 0
  network                 = local.network
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.database[0].name]
}
