// Command pulumi-resource-random serves the upstream Terraform provider for
// random values to Pulumi, under the tokens of the npm package @pulumi/random.
package main

import (
	"context"

	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/terraform-providers/terraform-provider-random/shim"
)

// The version of the npm package. The engine asks for exactly this plugin.
const version = "4.21.2"

// The engine needs no more of a schema than this at run time.
const schema = `{"name":"random","version":"` + version + `"}`

func main() {
	resources := map[string]*tfbridge.ResourceInfo{}
	for terraformName, name := range map[string]string{
		"random_bytes":    "RandomBytes",
		"random_id":       "RandomId",
		"random_integer":  "RandomInteger",
		"random_password": "RandomPassword",
		"random_pet":      "RandomPet",
		"random_shuffle":  "RandomShuffle",
		"random_string":   "RandomString",
		"random_uuid":     "RandomUuid",
		"random_uuid4":    "RandomUuid4",
		"random_uuid7":    "RandomUuid7",
	} {
		resources[terraformName] = &tfbridge.ResourceInfo{
			Tok: tfbridge.MakeResource("random", "index", name),
		}
	}
	info := tfbridge.ProviderInfo{
		P:            pftfbridge.ShimProvider(shim.New()),
		Name:         "random",
		Version:      version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Resources:    resources,
	}
	pftfbridge.Main(context.Background(), "random", info, pftfbridge.ProviderMetadata{
		PackageSchema: []byte(schema),
	})
}
