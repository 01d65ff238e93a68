/**
 * CRC-16/CCITT (polynomial 0x1021). Finds every single-bit error and every burst up to 16 bits, so a damaged packet
 * is dropped instead of confirming a wrong input. Its start value is derived from the match, so a packet
 * of another match fails the same check.
 */
const TABLE = new Uint16Array(256);
for (let index = 0; index < 256; index += 1) {
  let value = index << 8;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 0x8000) !== 0 ? (value << 1) ^ 0x1021 : value << 1;
  TABLE[index] = value;
}

/** CRC of `bytes[start .. end)` from the 16-bit start value `init`. */
export function crc16(bytes: Uint8Array, start: number, end: number, init: number): number {
  let crc = init;
  for (let index = start; index < end; index += 1) {
    crc = ((crc << 8) ^ (TABLE[((crc >> 8) ^ (bytes[index] as number)) & 0xff] as number)) & 0xffff;
  }
  return crc;
}
