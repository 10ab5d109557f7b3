// Command pulumi-resource-docker serves the upstream Terraform provider for
// Docker to Pulumi, under the tokens of the npm package @pulumi/docker.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	shim "github.com/terraform-providers/terraform-provider-docker/shim"
)

// The version of the npm package. The engine asks for exactly this plugin.
const version = "5.2.0"

// The engine needs no more of a schema than this at run time.
const schema = `{"name":"docker","version":"` + version + `"}`

func main() {
	info := tfbridge.ProviderInfo{
		P:            shimv2.NewProvider(shim.New()),
		Name:         "docker",
		Version:      version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		// Only what differs from the computed names. Without these, property
		// names in state differ from those of the npm package.
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_container": {
				Tok:                 tfbridge.MakeResource("docker", "index", "Container"),
				DeleteBeforeReplace: true, // two containers cannot have one name
				Fields: map[string]*tfbridge.SchemaInfo{
					"networks_advanced": {Name: "networksAdvanced"},
					"command":           {Name: "command"},
				},
			},
			"docker_image":  {Tok: tfbridge.MakeResource("docker", "index", "RemoteImage")},
			"docker_config": {Tok: tfbridge.MakeResource("docker", "index", "ServiceConfig")},
		},
	}
	info.MustComputeTokens(tokens.SingleModule("docker_", "index", tokens.MakeStandard("docker")))
	info.SetAutonaming(255, "-")
	tfbridge.Main("docker", version, info, []byte(schema))
}
