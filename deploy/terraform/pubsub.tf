# Requests come in on one topic. Two more hold what did not work out, and they are not the same:
#
#   dead-letters   what the pipeline gave up, with the reason; a copy of what the ledger keeps
#   undeliverable  what Pub/Sub gave up because nobody acknowledged it; the pipeline has not settled
#                  it, so it is worked off by `vividly drain --subscription` once the cause is gone

resource "google_pubsub_topic" "requests" {
  name       = "content-requests"
  depends_on = [google_project_service.apis]
}

resource "google_pubsub_subscription" "requests" {
  name  = "content-requests"
  topic = google_pubsub_topic.requests.id

  # The longest there is: a video takes minutes. Drains extend it while they work, Dataflow itself.
  ack_deadline_seconds       = 600
  message_retention_duration = "${var.message_retention_days * 86400}s"
  retain_acked_messages      = var.retain_acked_messages

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.undeliverable.id
    max_delivery_attempts = var.max_delivery_attempts
  }

  expiration_policy {
    ttl = "" # never, however quiet it is
  }

  depends_on = [google_pubsub_topic_iam_member.undeliverable_pubsub]
}

resource "google_pubsub_topic" "undeliverable" {
  name       = "content-requests-undeliverable"
  depends_on = [google_project_service.apis]
}

resource "google_pubsub_subscription" "undeliverable" {
  name                       = "content-requests-undeliverable"
  topic                      = google_pubsub_topic.undeliverable.id
  ack_deadline_seconds       = 600
  message_retention_duration = "2678400s" # 31 days, the longest there is

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic" "dead_letters" {
  name       = "content-requests-dead-letters"
  depends_on = [google_project_service.apis]
}

resource "google_pubsub_subscription" "dead_letters" {
  name                       = "content-requests-dead-letters"
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = 60
  message_retention_duration = "${var.message_retention_days * 86400}s"

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub moves messages to the dead-letter topic in its own name: its agent publishes there and
# acknowledges here.

resource "google_project_service_identity" "pubsub" {
  provider   = google-beta # makes the agent, which may not be there yet
  service    = "pubsub.googleapis.com"
  depends_on = [google_project_service.apis]
}

resource "google_pubsub_topic_iam_member" "undeliverable_pubsub" {
  topic  = google_pubsub_topic.undeliverable.id
  role   = "roles/pubsub.publisher"
  member = google_project_service_identity.pubsub.member
}

resource "google_pubsub_subscription_iam_member" "requests_pubsub" {
  subscription = google_pubsub_subscription.requests.id
  role         = "roles/pubsub.subscriber"
  member       = google_project_service_identity.pubsub.member
}

resource "google_pubsub_topic_iam_member" "publishers" {
  for_each = var.publishers
  topic    = google_pubsub_topic.requests.id
  role     = "roles/pubsub.publisher"
  member   = each.value
}
