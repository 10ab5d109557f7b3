import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

/** A volume that outlives the stack: no label, no change and no removal of this resource ever affects it. */
export function dataVolume(name: string, volume: string, parent: pulumi.Resource): docker.Volume {
  return new docker.Volume(
    name,
    { name: volume },
    { parent, retainOnDelete: true, ignoreChanges: ["name", "labels", "driver", "driverOpts"] },
  );
}
