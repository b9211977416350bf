const IDENTIFIER = /^[A-Za-z_$][\w$-]*$/;
const LONGEST_WORD = 32;
/** Of words one behind another, such as `SendInsufficientFundsNotification`. Letters at random have pieces that are no words. */
const LONGEST_PHRASE = 64;
const WORD = /^([A-Z]?[a-z]+|[A-Z]{2,5})$/;
const SHORTEST_MEAN = 5;

/**
 * Whether a key or a name was made from data and not written by a programmer: a number, an id, an address, a sentence. Such a text stands in no
 * contract and in no report, since it may be somebody's name.
 */
export function looksLikeData(text: string): boolean {
  if (!IDENTIFIER.test(text) || (text.length > LONGEST_WORD && !isPhrase(text))) return true;
  const digits = text.replaceAll(/\D/g, '').length;
  return digits >= 4 || /^[0-9a-f]{8,}$/i.test(text);
}

function isPhrase(text: string): boolean {
  const words = text.split(/[-_]|(?<=[a-z])(?=[A-Z])/);
  const isLong = text.length / words.length >= SHORTEST_MEAN;
  return text.length <= LONGEST_PHRASE && words.length > 1 && isLong && words.every(word => WORD.test(word));
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
