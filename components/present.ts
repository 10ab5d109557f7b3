import type * as pulumi from "@pulumi/pulumi";

/** The resources that exist, as a list for `dependsOn`. */
export function present(...resources: readonly (pulumi.Resource | undefined)[]): pulumi.Resource[] {
  return resources.filter((resource) => resource !== undefined);
}
