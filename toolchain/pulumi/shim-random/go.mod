// Named below the upstream provider's path on purpose: Go checks "internal"
// by import path, so only a module with this name may import the constructor.
module github.com/terraform-providers/terraform-provider-random/shim

go 1.25

require (
	github.com/hashicorp/terraform-plugin-framework v1.15.0
	github.com/terraform-providers/terraform-provider-random v1.3.2-0.20260513075824-f8d869dc98d9
)
