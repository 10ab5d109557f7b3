/** Bytes from one WAL position, such as `0/3000148`, back to another. */
export function walDistance(to: string, from: string): number {
  return Number(position(to) - position(from));
}

function position(lsn: string): bigint {
  const [high = "0", low = "0"] = lsn.split("/");
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
