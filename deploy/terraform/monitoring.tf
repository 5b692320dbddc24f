# The files of deploy/monitoring have the format of Google's APIs, so that they work without Terraform
# too; this file converts them to resources.

locals {
  monitoring = "${path.module}/../monitoring"

  log_metrics = {
    for file in fileset("${local.monitoring}/log-metrics", "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${local.monitoring}/log-metrics/${file}"))
  }

  alerts = {
    for file in fileset("${local.monitoring}/alerts", "*.json") :
    trimsuffix(file, ".json") => jsondecode(templatefile("${local.monitoring}/alerts/${file}", {
      daily_cost_usd   = var.daily_cost_usd
      max_connections  = var.max_connections
      request_cost_usd = var.request_cost_usd
      runbook_url      = var.runbook_url
    }))
  }
}

resource "google_logging_metric" "pipeline" {
  for_each        = local.log_metrics
  name            = each.value.name
  description     = each.value.description
  filter          = each.value.filter
  value_extractor = try(each.value.valueExtractor, null)

  metric_descriptor {
    metric_kind = each.value.metricDescriptor.metricKind
    value_type  = each.value.metricDescriptor.valueType
    unit        = each.value.metricDescriptor.unit

    dynamic "labels" {
      for_each = try(each.value.metricDescriptor.labels, [])
      content {
        key         = labels.value.key
        value_type  = labels.value.valueType
        description = labels.value.description
      }
    }
  }

  label_extractors = try(each.value.labelExtractors, {})

  dynamic "bucket_options" {
    for_each = try([each.value.bucketOptions.exponentialBuckets], [])
    content {
      exponential_buckets {
        num_finite_buckets = bucket_options.value.numFiniteBuckets
        growth_factor      = bucket_options.value.growthFactor
        scale              = bucket_options.value.scale
      }
    }
  }

  depends_on = [google_project_service.apis]
}

resource "google_monitoring_dashboard" "pipeline" {
  dashboard_json = file("${local.monitoring}/dashboard.json")
  depends_on     = [google_logging_metric.pipeline]
}

resource "google_monitoring_notification_channel" "email" {
  for_each     = var.alert_emails
  display_name = "Vividly alerts: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
  depends_on   = [google_project_service.apis]
}

locals {
  notification_channels = concat(
    sort(var.notification_channels),
    [for channel in google_monitoring_notification_channel.email : channel.id],
  )
}

resource "google_monitoring_alert_policy" "alerts" {
  for_each              = local.alerts
  display_name          = each.value.displayName
  severity              = each.value.severity
  combiner              = each.value.combiner
  user_labels           = each.value.userLabels
  notification_channels = local.notification_channels

  dynamic "conditions" {
    for_each = each.value.conditions
    content {
      display_name = conditions.value.displayName
      condition_prometheus_query_language {
        query               = conditions.value.conditionPrometheusQueryLanguage.query
        duration            = conditions.value.conditionPrometheusQueryLanguage.duration
        evaluation_interval = conditions.value.conditionPrometheusQueryLanguage.evaluationInterval
        # A metric exists only after its first point is written, which may take long.
        disable_metric_validation = conditions.value.conditionPrometheusQueryLanguage.disableMetricValidation
      }
    }
  }

  documentation {
    subject   = each.value.documentation.subject
    content   = each.value.documentation.content
    mime_type = each.value.documentation.mimeType

    dynamic "links" {
      for_each = var.runbook_url == "" ? [] : each.value.documentation.links
      content {
        display_name = links.value.displayName
        url          = links.value.url
      }
    }
  }

  alert_strategy {
    auto_close = each.value.alertStrategy.autoClose
  }

  # A policy can name a log-based metric only after the metric exists, which takes some seconds.
  depends_on = [google_logging_metric.pipeline]
}
