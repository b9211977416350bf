/** How many slots a cluster's masters share out. */
export const SLOTS = 16_384;

/** CRC16 (XMODEM) of each byte: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** The slot of a cluster that a key is in: that of the text between its first braces, where there is one. */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) crc = (crc << 8) ^ (TABLE[((crc >> 8) ^ byte) & 0xff] ?? 0);
  return (crc & 0xffff) % SLOTS;
}
