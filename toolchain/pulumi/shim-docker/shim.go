// Package shim re-exports the constructor of the upstream Docker provider,
// which lies in an internal package.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// New returns the upstream provider.
func New() *schema.Provider {
	return provider.New("dev")()
}
