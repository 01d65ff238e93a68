/**
 * CRC-16/CCITT (polynomial 0x1021). Finds every single-bit error and every burst up to 16 bits, so a damaged packet
 * is dropped instead of confirming a wrong input. Its start value is derived from the match, so a packet
 * of another match fails the same check.
 */
const TABLE = new Uint16Array(1024);
for (let index = 0; index < 256; index += 1) {
  let value = index << 8;
  // What the byte does to the CRC, then what it does with one, two and three more bytes after it.
  for (let after = 0; after < 4; after += 1) {
    for (let bit = 0; bit < 8; bit += 1) value = (value & 0x8000) !== 0 ? (value << 1) ^ 0x1021 : value << 1;
    TABLE[after * 256 + index] = value;
    value &= 0xffff;
  }
}

/** CRC of `bytes[start .. end)` from the 16-bit start value `init`. */
export function crc16(bytes: Uint8Array, start: number, end: number, init: number): number {
  let crc = init & 0xffff;
  let index = start;
  // Four bytes at a time: each step waits for the one before, and this runs over every byte that is sent or comes.
  for (; index + 3 < end; index += 4) {
    crc =
      (TABLE[768 + ((crc >> 8) ^ (bytes[index] as number))] as number) ^
      (TABLE[512 + ((crc & 0xff) ^ (bytes[index + 1] as number))] as number) ^
      (TABLE[256 + (bytes[index + 2] as number)] as number) ^
      (TABLE[bytes[index + 3] as number] as number);
  }
  for (; index < end; index += 1) {
    crc = ((crc << 8) ^ (TABLE[((crc >> 8) ^ (bytes[index] as number)) & 0xff] as number)) & 0xffff;
  }
  return crc;
}
