import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { ImageKind, ImagePlan } from "../src/plan/types.ts";
import { imageKinds } from "../src/plan/types.ts";

export interface ImagesArgs {
  readonly images: Readonly<Record<ImageKind, ImagePlan>>;
  /** Kinds that this stack runs. */
  readonly used: readonly ImageKind[];
  /** Folder to which build contexts are relative. */
  readonly root: string;
  /** References that the engine already has. */
  readonly present: Promise<ReadonlySet<string>>;
}

/** The images of a stack: built here unless stack config names others. */
export class Images extends pulumi.ComponentResource {
  /** What a container that runs an image must wait for. */
  readonly resources: Readonly<Partial<Record<ImageKind, docker.RemoteImage>>>;

  constructor(name: string, args: ImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Images", name, {}, opts);
    const entries = imageKinds
      .filter((kind) => args.used.includes(kind))
      .map((kind) => [kind, this.#image(`${name}-${kind}`, args.images[kind], args)] as const);
    this.resources = Object.fromEntries(entries);
    this.registerOutputs({});
  }

  #image(name: string, plan: ImagePlan, { root, present }: ImagesArgs): docker.RemoteImage {
    // Other stacks and containers may use an image, so none is ever removed.
    const common = { name: plan.reference, keepLocally: true };
    if (plan.kind === "reference") return new docker.RemoteImage(name, common, { parent: this });
    const options = { parent: this, ignoreChanges: ["build"], deleteBeforeReplace: true };
    // Its name contains a hash of its sources: an existing one need not be built again, which would take most of a second.
    // Every engine has the classic builder; with the host's network it can reach the same package mirrors as the host.
    const build = { context: `${root}/${plan.context}`, networkMode: "host", buildArgs: { ...plan.buildArgs } };
    const missing = pulumi.output(present.then((references) => (references.has(plan.reference) ? undefined : build)));
    // The context's absolute path differs from checkout to checkout; the hash in the name covers its contents.
    return new docker.RemoteImage(name, { ...common, build: missing }, options);
  }
}
