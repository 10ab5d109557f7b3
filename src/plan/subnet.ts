/** An IPv4 network as numbers. */
export interface Subnet {
  /** First address, as an unsigned 32-bit number. */
  readonly first: number;
  /** Number of addresses, network and broadcast included. */
  readonly size: number;
}

/**
 * Reads `a.b.c.d/n`.
 *
 * @throws Error with the reason when it is not a network address (octet over 255, prefix over 32, host bits set)
 */
export function parseSubnet(text: string): Subnet {
  const [address = "", prefixText = ""] = text.split("/");
  const octets = address.split(".").map(wholeNumber);
  const prefix = wholeNumber(prefixText);
  if (octets.length !== 4 || octets.some((octet) => !Number.isInteger(octet) || octet > 255))
    throw new Error(`${address} is not an IPv4 address`);
  if (!Number.isInteger(prefix) || prefix < 1 || prefix > 32) throw new Error(`/${prefixText} is not a prefix length between 1 and 32`);
  const first = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - prefix);
  if (first % size !== 0)
    throw new Error(`it has bits set after the first ${prefix}: the network is ${formatAddress(first - (first % size))}/${prefix}`);
  return { first, size };
}

/** Digits as a number; NaN for anything else, leading zeros included: some readers take those for octal. */
function wholeNumber(digits: string): number {
  return /^(0|[1-9]\d*)$/.test(digits) ? Number(digits) : NaN;
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.first < b.first + b.size && b.first < a.first + a.size;
}
