import type * as pulumi from "@pulumi/pulumi";

/** The resources that there are, as a list to depend on. */
export function present(...resources: readonly (pulumi.Resource | undefined)[]): pulumi.Resource[] {
  return resources.filter((resource) => resource !== undefined);
}
