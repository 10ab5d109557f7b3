import { readVolumeFiles, writeVolumeFiles } from "../src/engine/volume-files.ts";
import type { Deployment } from "./deployment.ts";

/**
 * Changes a file in a service's config volume behind Pulumi's back.
 *
 * @returns puts the old text back
 */
export async function editFile(
  deployment: Deployment,
  service: string,
  path: string,
  edit: (text: string) => string,
): Promise<() => Promise<void>> {
  const { engine } = deployment;
  const mounts = (await engine.getContainer(deployment.container(service)).inspect()).Mounts;
  const volume = mounts.find(({ Destination }) => Destination === "/etc/pgstack")?.Name ?? "";
  const [image] = await engine.listImages();
  const imageId = image?.Id ?? "";
  const file = (await readVolumeFiles(engine, volume, imageId))?.get(path);
  if (file === undefined) throw new Error(`${volume} has no ${path}`);
  const write = (content: string): Promise<void> => writeVolumeFiles(engine, volume, imageId, [{ path, content, mode: file.mode }]);
  await write(edit(file.content));
  return () => write(file.content);
}
