/**
 * xxHash32 (Yann Collet's specification) over 32-bit little-endian words. Chosen over FNV-1a on words,
 * which misses every pair of sign flips (docs/determinism.md). Returns a signed 32-bit integer: a returned
 * uint32 above 2^30 would be boxed on the heap each frame.
 */
// Looked up once: inside a test runner's context each look-up of a global costs more than the hash of a word.
const imul = Math.imul;
const PRIME1 = 0x9e3779b1 | 0;
const PRIME2 = 0x85ebca77 | 0;
const PRIME3 = 0xc2b2ae3d | 0;
const PRIME4 = 0x27d4eb2f | 0;
const PRIME5 = 0x165667b1 | 0;

/** Hash of `words[start .. start + count)` as a signed 32-bit integer; `>>> 0` gives the published uint32. */
export function hashWords(
  words: Int32Array,
  start = 0,
  count: number = words.length - start,
  seed = 0,
): number {
  let index = start;
  const end = start + count;
  let hash: number;
  if (count >= 4) {
    let v1 = (seed + PRIME1 + PRIME2) | 0;
    let v2 = (seed + PRIME2) | 0;
    let v3 = seed | 0;
    let v4 = (seed - PRIME1) | 0;
    const limit = end - 4;
    while (index <= limit) {
      v1 = (v1 + imul(words[index] as number, PRIME2)) | 0;
      v1 = imul((v1 << 13) | (v1 >>> 19), PRIME1);
      v2 = (v2 + imul(words[index + 1] as number, PRIME2)) | 0;
      v2 = imul((v2 << 13) | (v2 >>> 19), PRIME1);
      v3 = (v3 + imul(words[index + 2] as number, PRIME2)) | 0;
      v3 = imul((v3 << 13) | (v3 >>> 19), PRIME1);
      v4 = (v4 + imul(words[index + 3] as number, PRIME2)) | 0;
      v4 = imul((v4 << 13) | (v4 >>> 19), PRIME1);
      index += 4;
    }
    hash =
      (((v1 << 1) | (v1 >>> 31)) +
        ((v2 << 7) | (v2 >>> 25)) +
        ((v3 << 12) | (v3 >>> 20)) +
        ((v4 << 18) | (v4 >>> 14))) |
      0;
  } else {
    hash = (seed + PRIME5) | 0;
  }
  hash = (hash + count * 4) | 0;
  for (; index < end; index += 1) {
    hash = (hash + imul(words[index] as number, PRIME3)) | 0;
    hash = imul((hash << 17) | (hash >>> 15), PRIME4);
  }
  hash = imul(hash ^ (hash >>> 15), PRIME2);
  hash = imul(hash ^ (hash >>> 13), PRIME3);
  return hash ^ (hash >>> 16);
}

const IS_LITTLE_ENDIAN: boolean = new Uint8Array(new Int32Array([1]).buffer)[0] === 1;

/** Hash of bytes: packed into little-endian words, zero-padded, the length mixed in as the seed. */
export function hashBytes(bytes: Uint8Array, seed = 0): number {
  const words = wordsOf(bytes);
  return hashWords(words, 0, words.length, (seed ^ imul(bytes.length, PRIME5)) | 0);
}

function wordsOf(bytes: Uint8Array): Int32Array {
  // Whole words in the machine's own order need no copy: four times faster for a state of a megabyte.
  if (IS_LITTLE_ENDIAN && ((bytes.byteOffset | bytes.length) & 3) === 0)
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const words = new Int32Array((bytes.length + 3) >> 2);
  for (let index = 0; index < bytes.length; index += 1) {
    words[index >> 2] = (words[index >> 2] as number) | ((bytes[index] as number) << ((index & 3) * 8));
  }
  return words;
}
