/** UTF-8 without TextEncoder: the pure folders compile without DOM and Node types. Lone surrogates become U+FFFD. */

/** Encodes text as UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  let length = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // A pair of surrogates is two units and four bytes, so two more; each half is not counted below 0x800.
    if (unit >= 0x80) length += unit < 0x800 || isPair(text, index) || isPair(text, index - 1) ? 1 : 2;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let index = 0; index < text.length; index += 1) {
    let code = text.charCodeAt(index);
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    if (isPair(text, index)) {
      code = text.codePointAt(index) as number;
      index += 1;
    } else if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    at = putCode(bytes, at, code);
  }
  return bytes;
}

/** True if a pair of surrogates begins at `index`. */
function isPair(text: string, index: number): boolean {
  return text.charCodeAt(index) >> 10 === 0x36 && text.charCodeAt(index + 1) >> 10 === 0x37;
}

/** Writes a code point from U+0080 on; the place after it. */
function putCode(bytes: Uint8Array, at: number, code: number): number {
  const extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  // One leading bit for each byte, then a zero.
  bytes[at] = (0xff00 >> (extra + 1)) | (code >> (6 * extra));
  for (let k = extra; k >= 1; k -= 1) bytes[at + 1 + extra - k] = 0x80 | ((code >> (6 * (k - 1))) & 63);
  return at + 1 + extra;
}

/** Code units put together at a time: one call of String.fromCharCode takes only so many. */
const UNITS_AT_ONCE = 4096;

/** Decodes UTF-8; `undefined` for anything that is not well-formed (overlong, surrogate, truncated, above U+10FFFF). */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  let text = '';
  let units: number[] = [];
  let index = 0;
  while (index < bytes.length) {
    const first = bytes[index] as number;
    if (first < 0x80) {
      units.push(first);
      index += 1;
    } else {
      const extra = first >> 5 === 6 ? 1 : first >> 4 === 14 ? 2 : first >> 3 === 30 ? 3 : 0;
      const code = extra === 0 ? -1 : codeAt(bytes, index, extra);
      if (code < 0) return undefined;
      if (code < 0x10000) units.push(code);
      else units.push(0xd7c0 + (code >> 10), 0xdc00 | (code & 0x3ff));
      index += extra + 1;
    }
    if (units.length >= UNITS_AT_ONCE) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

/** The code point of `extra + 1` bytes at `index`, -1 if they are not its only encoding. */
function codeAt(bytes: Uint8Array, index: number, extra: number): number {
  if (index + extra >= bytes.length) return -1;
  let code = (bytes[index] as number) & (0x3f >> extra);
  for (let k = 1; k <= extra; k += 1) {
    const next = bytes[index + k] as number;
    if (next >> 6 !== 2) return -1;
    code = (code << 6) | (next & 63);
  }
  const least = extra === 1 ? 0x80 : extra === 2 ? 0x800 : 0x10000;
  return code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? -1 : code;
}
