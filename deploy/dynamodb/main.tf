# The table of Keepchat, as cloudformation.json makes it.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "table_name" {
  description = "What DATABASE_URL names."
  type        = string
  default     = "keepchat"
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last 35 days. It costs by size."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "A key of your own to encrypt with. Without one it is a key of Amazon's, which costs nothing."
  type        = string
  default     = null
}

resource "aws_dynamodb_table" "keepchat" {
  name         = var.table_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "PK"
  range_key    = "SK"

  attribute {
    name = "PK"
    type = "S"
  }

  attribute {
    name = "SK"
    type = "S"
  }

  attribute {
    name = "UserThreadPK"
    type = "S"
  }

  attribute {
    name = "UserThreadSK"
    type = "S"
  }

  global_secondary_index {
    name               = "UserThread"
    hash_key           = "UserThreadPK"
    range_key          = "UserThreadSK"
    projection_type    = "INCLUDE"
    non_key_attributes = ["id", "name"]
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  server_side_encryption {
    enabled     = var.kms_key_arn != null
    kms_key_arn = var.kms_key_arn
  }

  lifecycle {
    prevent_destroy = true
  }
}

output "database_url" {
  description = "The setting DATABASE_URL."
  value       = "dynamodb://${var.table_name}?region=${split(":", aws_dynamodb_table.keepchat.arn)[3]}"
}

output "policy" {
  description = "What the role of the program needs."
  value = replace(
    file("${path.module}/policy.json"),
    "arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE",
    aws_dynamodb_table.keepchat.arn,
  )
}
