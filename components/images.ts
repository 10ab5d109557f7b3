import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { ImageKind, ImagePlan } from "../src/plan/types.ts";
import { imageKinds } from "../src/plan/types.ts";

export interface ImagesArgs {
  readonly images: Readonly<Record<ImageKind, ImagePlan>>;
  /** Kinds that this stack runs. */
  readonly used: readonly ImageKind[];
  /** Folder that build contexts are relative to. */
  readonly root: string;
  /** References that the engine has already. */
  readonly present: ReadonlySet<string>;
}

/** The images of a stack: built here unless stack config names another. */
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
    // Its name holds a hash of what it is built from: one that is there need not be built again, which takes most of a second.
    if (present.has(plan.reference)) return new docker.RemoteImage(name, common, options);
    return new docker.RemoteImage(
      name,
      // The classic builder is on every engine; the host's network reaches package mirrors wherever the host does.
      { ...common, build: { context: `${root}/${plan.context}`, networkMode: "host", buildArgs: { ...plan.buildArgs } } },
      // The context's absolute path differs from checkout to checkout; what is in it is in the name's hash.
      options,
    );
  }
}
