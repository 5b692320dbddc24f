# Requests are published on one topic with one subscription, since each subscription of a topic gets
# every message. Three more topics:
#
#   care           ids of students who need care, for staff (docs/care.md)
#   dead-letters   copies of the ledger's dead letters, with the reason
#   undeliverable  messages that no drain acknowledged, moved by Pub/Sub; the pipeline has not settled
#                  them, so `vividly drain --subscription` processes them once the cause is fixed.
#                  Its subscription stays in mode stream too: it may hold messages of earlier drains.

resource "google_pubsub_topic" "requests" {
  name         = "content-requests"
  kms_key_name = var.kms_key
  depends_on   = [google_kms_crypto_key_iam_member.agents, google_project_service.apis]
}

resource "google_pubsub_subscription" "requests" {
  name  = "content-requests"
  topic = google_pubsub_topic.requests.id

  # The maximum, because a video takes minutes. Drains and Dataflow extend it while they work.
  ack_deadline_seconds       = 600
  message_retention_duration = "${var.message_retention_days * 86400}s"
  retain_acked_messages      = var.retain_acked_messages

  # Dataflow supports neither policy: it acknowledges what it has stored and repeats bundles itself
  # (https://cloud.google.com/dataflow/docs/concepts/streaming-with-cloud-pubsub#unsupported-features).
  # A change of mode updates the subscription in place and keeps its backlog.
  dynamic "retry_policy" {
    for_each = local.drains ? [1] : []
    content {
      minimum_backoff = "10s"
      maximum_backoff = "600s"
    }
  }

  dynamic "dead_letter_policy" {
    for_each = local.drains ? [1] : []
    content {
      dead_letter_topic     = google_pubsub_topic.undeliverable.id
      max_delivery_attempts = var.max_delivery_attempts
    }
  }

  expiration_policy {
    ttl = "" # never expires, even without messages
  }

  depends_on = [google_pubsub_topic_iam_member.undeliverable_pubsub]
}

resource "google_pubsub_topic" "undeliverable" {
  name         = "content-requests-undeliverable"
  kms_key_name = var.kms_key
  depends_on   = [google_kms_crypto_key_iam_member.agents, google_project_service.apis]
}

resource "google_pubsub_subscription" "undeliverable" {
  name                       = "content-requests-undeliverable"
  topic                      = google_pubsub_topic.undeliverable.id
  ack_deadline_seconds       = 600
  message_retention_duration = "2678400s" # 31 days, the maximum

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic" "dead_letters" {
  name         = "content-requests-dead-letters"
  kms_key_name = var.kms_key
  depends_on   = [google_kms_crypto_key_iam_member.agents, google_project_service.apis]
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

resource "google_pubsub_topic" "care" {
  name         = "content-requests-care"
  kms_key_name = var.kms_key
  depends_on   = [google_kms_crypto_key_iam_member.agents, google_project_service.apis]
}

resource "google_pubsub_subscription" "care" {
  name                       = "content-requests-care"
  topic                      = google_pubsub_topic.care.id
  ack_deadline_seconds       = 600
  message_retention_duration = "2678400s" # 31 days, the maximum: staff may be on holiday

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription_iam_member" "care_readers" {
  for_each     = var.care_readers
  subscription = google_pubsub_subscription.care.id
  role         = "roles/pubsub.subscriber"
  member       = each.value
}

# For drains Pub/Sub moves undeliverable messages as its own service agent, which publishes to that
# topic and acknowledges in this subscription.

resource "google_pubsub_topic_iam_member" "undeliverable_pubsub" {
  count  = local.drains ? 1 : 0
  topic  = google_pubsub_topic.undeliverable.id
  role   = "roles/pubsub.publisher"
  member = google_project_service_identity.agents["pubsub.googleapis.com"].member
}

resource "google_pubsub_subscription_iam_member" "requests_pubsub" {
  count        = local.drains ? 1 : 0
  subscription = google_pubsub_subscription.requests.id
  role         = "roles/pubsub.subscriber"
  member       = google_project_service_identity.agents["pubsub.googleapis.com"].member
}

moved {
  from = google_pubsub_topic_iam_member.undeliverable_pubsub
  to   = google_pubsub_topic_iam_member.undeliverable_pubsub[0]
}

moved {
  from = google_pubsub_subscription_iam_member.requests_pubsub
  to   = google_pubsub_subscription_iam_member.requests_pubsub[0]
}

resource "google_pubsub_topic_iam_member" "publishers" {
  for_each = var.publishers
  topic    = google_pubsub_topic.requests.id
  role     = "roles/pubsub.publisher"
  member   = each.value
}
