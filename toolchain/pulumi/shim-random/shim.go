// Package shim re-exports the constructor of the upstream random provider,
// which lies in an internal package.
package shim

import (
	framework "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// New returns the upstream provider.
func New() framework.Provider {
	return provider.New()
}
