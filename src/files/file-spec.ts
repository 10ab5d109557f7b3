import type { ClusterSecrets } from "../plan/types.ts";

/**
 * A file that a container reads. Secret files are another type, with their text behind a function, so that one cannot be
 * logged, shown in a preview or put into a snapshot by mistake.
 */
export type FileSpec =
  | { readonly kind: "plain"; readonly path: string; readonly mode: 0o644; readonly content: string }
  | { readonly kind: "secret"; readonly path: string; readonly mode: 0o400 | 0o600; readonly render: (secrets: ClusterSecrets) => string };

export type PlainFile = Extract<FileSpec, { kind: "plain" }>;
export type SecretFile = Extract<FileSpec, { kind: "secret" }>;

export function plain(path: string, content: string): PlainFile {
  return { kind: "plain", path, mode: 0o644, content };
}

export function secret(path: string, mode: 0o400 | 0o600, render: (secrets: ClusterSecrets) => string): SecretFile {
  return { kind: "secret", path, mode, render };
}
