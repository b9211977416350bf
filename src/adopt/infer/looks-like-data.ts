const IDENTIFIER = /^[A-Za-z_$][\w$-]*$/;
const LONGEST_WORD = 32;

/**
 * Whether a key or a name was made from data and not written by a programmer: a number, an id, an address, a sentence. Such a text stands in no
 * contract and in no report, since it may be somebody's name.
 */
export function looksLikeData(text: string): boolean {
  if (text.length > LONGEST_WORD || !IDENTIFIER.test(text)) return true;
  const digits = text.replaceAll(/\D/g, '').length;
  return digits >= 4 || /^[0-9a-f]{8,}$/i.test(text);
}

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PERSONAL =
  /pass(word|phrase)?$|secret|token|e?-?mail|phone|iban|card|ssn|birth|street|^name$|(first|last|full)-?name/i;

/** Whether a field is likely to hold what nobody should see: by its name, or because everything in it is a mail address. */
export function looksPersonal(key: string, mailAddresses: number, strings: number): boolean {
  return PERSONAL.test(key) || (strings > 0 && mailAddresses === strings);
}

export function isMailAddress(text: string): boolean {
  return text.length <= 320 && ADDRESS.test(text);
}
