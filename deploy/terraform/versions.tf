terraform {
  # 1.11: write-only arguments, with which the database's password never enters the state.
  required_version = ">= 1.11, < 2.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.20"
    }
    # google_dataflow_flex_template_job is documented for this one.
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "~> 7.20"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
  }
}

provider "google" {
  project        = var.project
  region         = var.region
  default_labels = local.labels
}

provider "google-beta" {
  project        = var.project
  region         = var.region
  default_labels = local.labels
}
