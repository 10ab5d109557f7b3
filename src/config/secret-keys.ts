/** Keys that hold a secret, so that `pulumi config set --secret` has one value to encrypt: no message shows what they hold. */
export const secretKeys = ["alertWebhook", "alertEmailPassword"] as const;
export type SecretKey = (typeof secretKeys)[number];

export function isSecretKey(key: PropertyKey | undefined): key is SecretKey {
  return secretKeys.some((known) => known === key);
}

/** Stands for a value that only Pulumi can read, where a stack file is read without it. Nothing is ever sent there (RFC 6761). */
export const encryptedValue = "https://encrypted.invalid/";

/** The secrets that stack config holds, by key. */
export function givenSecrets(config: Readonly<Partial<Record<SecretKey, string | undefined>>>): Partial<Record<SecretKey, string>> {
  return Object.fromEntries(secretKeys.flatMap((key) => (config[key] === undefined ? [] : [[key, config[key]] as const])));
}
