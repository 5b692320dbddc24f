# Records of access, and a limit of spending that alerts; both are optional.

resource "google_project_iam_audit_config" "access" {
  for_each = var.audit_log_services
  project  = var.project
  service  = each.value

  dynamic "audit_log_config" {
    for_each = ["ADMIN_READ", "DATA_READ", "DATA_WRITE"]
    content {
      log_type = audit_log_config.value
    }
  }

  depends_on = [google_project_service.apis]
}

# The Budget API refuses user credentials without a project to charge its quota to.
provider "google" {
  alias                 = "billing"
  project               = var.project
  billing_project       = var.project
  user_project_override = true
}

resource "google_billing_budget" "project" {
  provider        = google.billing
  count           = var.billing_account == null ? 0 : 1
  billing_account = var.billing_account
  display_name    = "Vividly: ${var.project}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  # Besides the billing account's administrators; the API accepts five channels.
  dynamic "all_updates_rule" {
    for_each = length(local.notification_channels) > 0 ? [local.notification_channels] : []
    content {
      monitoring_notification_channels = slice(
        all_updates_rule.value, 0, min(5, length(all_updates_rule.value)),
      )
    }
  }

  depends_on = [google_project_service.apis]
}
