import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { checkSecretsOf, checkTargetOf } from "../../target/target.ts";
import { bundlePlan } from "../../plan/bundle.ts";
import { planContainers } from "../../plan/containers.ts";
import { services } from "../../plan/names.ts";
import type { ClusterPlan, ClusterSecrets, ImageKind } from "../../plan/types.ts";
import type { FileSpec } from "../../files/file-spec.ts";
import { renderFiles } from "../files.ts";
import type { RenderedFiles } from "../files.ts";
import { monitoringFilesOf } from "../monitoring-files.ts";
import { composeFile } from "./file.ts";
import { checkPath, oneShots, passwordsPath } from "./names.ts";
import { readme } from "./readme.ts";
import { renderSetupFiles, script } from "./setup-files.ts";
import { composeYaml } from "./yaml.ts";

/** A file of a bundle; secret ones are 0600 below directories with 0700. */
export type BundleFile =
  | { readonly kind: "plain"; readonly path: string; readonly content: string }
  | { readonly kind: "secret"; readonly path: string; readonly render: (secrets: ClusterSecrets) => string };

/**
 * Every file of a cluster's bundle: same plan, same secrets, same bytes.
 *
 * @param plan - the plan that the Docker target has; the bundle's own names are given here
 * @param root - folder that holds `images/`
 */
export function renderBundle(plan: ClusterPlan, root: string): readonly BundleFile[] {
  const bundle = bundlePlan(plan);
  // Rendered again with the bundle's names: what a node advises must not name the other target's volumes.
  const files = renderFiles(bundle);
  const volumes = filesOfVolumes(bundle, files);
  const specs = Object.entries(volumes).flatMap(([service, of]) => of.map((file) => ({ service, file })));
  const all: readonly BundleFile[] = [
    plain("README.md", readme(bundle)),
    plain(
      "compose.yaml",
      composeYaml(composeFile(bundle), `Rendered for stack ${plan.stack} by pgstack. Do not edit: changes are overwritten.`),
    ),
    ...imageFiles(bundle, root),
    plain(`config/${oneShots.config}/copy.sh`, script("copy.sh")),
    plain(`config/${oneShots.config}/files`, fileList(specs, files.routes)),
    ...specs.map(({ service, file }): BundleFile =>
      file.kind === "plain"
        ? plain(`config/${service}/${file.path}`, file.content)
        : { kind: "secret", path: `secrets/${service}/${file.path}`, render: file.render },
    ),
    { kind: "secret", path: passwordsPath, render: (secrets) => json(storedSecrets(secrets)) },
    { kind: "secret", path: checkPath, render: (secrets) => json({ target: checkTargetOf(bundle), secrets: checkSecretsOf(secrets) }) },
  ];
  return all.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** What `passwords.json` holds; without declared users and further services as it always was. */
function storedSecrets({ passwords, users, services: of = {}, saltSeed }: ClusterSecrets): Partial<ClusterSecrets> {
  const some = (key: string, values: object): object => (Object.keys(values).length === 0 ? {} : { [key]: values });
  return { passwords, ...some("users", users), ...some("services", of), saltSeed };
}

function plain(path: string, content: string): BundleFile {
  return { kind: "plain", path, content };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Files by the service whose config volume they go to. */
function filesOfVolumes(plan: ClusterPlan, files: RenderedFiles): Readonly<Record<string, readonly FileSpec[]>> {
  return {
    ...Object.fromEntries(files.nodes),
    [services.pooler]: [...files.pooler, ...files.routes],
    ...(files.exporters === undefined ? {} : { [services.exporters]: files.exporters }),
    ...Object.fromEntries(monitoringFilesOf(files.monitoring)),
    [oneShots.setup]: renderSetupFiles(plan),
  };
}

/** What `copy.sh` copies, with which mode, and whether it replaces one that is there. */
function fileList(specs: readonly { readonly service: string; readonly file: FileSpec }[], routes: readonly FileSpec[]): string {
  return specs
    .map(({ service, file }) => {
      // Where the routes lead is known by what wrote them last; `setup` brings them to who leads.
      const how = routes.includes(file) ? "keep" : "replace";
      return `0${file.mode.toString(8)} ${how} ${file.kind === "plain" ? "config" : "secrets"} ${service} ${file.path}\n`;
    })
    .join("");
}

/** Build contexts of the images that are built, so that a bundle needs nothing else. */
function imageFiles(plan: ClusterPlan, root: string): readonly BundleFile[] {
  const used = new Set<ImageKind>([...planContainers(plan).map(({ image }) => image), "orchestrator"]);
  return [...used].flatMap((kind) => {
    const image = plan.images[kind];
    if (image.kind === "reference") return [];
    const folder = join(root, image.context);
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => plain(`${image.context}${path.slice(folder.length)}`, readFileSync(path, "utf8")));
  });
}
