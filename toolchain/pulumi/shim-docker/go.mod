// Named below the upstream provider's path on purpose: Go checks "internal"
// by import path, so only a module with this name may import the constructor.
module github.com/terraform-providers/terraform-provider-docker/shim

go 1.25

require (
	github.com/hashicorp/terraform-plugin-sdk/v2 v2.38.1
	github.com/terraform-providers/terraform-provider-docker v0.0.0-00010101000000-000000000000
)
