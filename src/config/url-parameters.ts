/** What a parameter of a URL may be; `expected` completes "Expected its parameter x to be". */
export interface UrlParameter {
  readonly expected: string;
  readonly fits: (value: string) => boolean;
}

/** By name, as drivers spell them: each is honoured by the one that reads the URL. */
export type UrlParameters = Readonly<Record<string, UrlParameter>>;

export function words(...values: readonly string[]): UrlParameter {
  return { expected: values.join(' or '), fits: value => values.includes(value) };
}

export function integer(min: number, max: number): UrlParameter {
  return {
    expected: `an integer from ${min} to ${max}`,
    fits: value => /^\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max,
  };
}

export const line: UrlParameter = {
  expected: 'one line of text',
  fits: value => value !== '' && !/\p{Cc}/u.test(value),
};

/**
 * What is wrong with a URL's parameters. An unknown one is a fault: a driver passes over it without a word, and what it was to bring about,
 * such as TLS, does not happen. Values are never repeated; neither is a name that is no word, since it may be half of a password.
 */
export function parameterProblems(name: string, parameters: URLSearchParams, known: UrlParameters): readonly string[] {
  return [...new Set(parameters.keys())].flatMap(key => {
    const rule = Object.hasOwn(known, key) ? known[key] : undefined;
    if (rule === undefined) return [unknown(name, key, known)];
    const values = parameters.getAll(key);
    if (values.length > 1) return [`Expected the parameter "${key}" of ${name} once, got it ${values.length} times.`];
    return values.every(rule.fits) ? [] : [`Expected the parameter "${key}" of ${name} to be ${rule.expected}.`];
  });
}

function unknown(name: string, key: string, known: UrlParameters): string {
  const names = Object.keys(known);
  if (names.length === 0) return `Expected ${name} to have no parameters.`;
  const alike = names.find(each => each.toLowerCase() === key.toLowerCase());
  const hint = alike === undefined ? `known are ${names.join(', ')}` : `did you mean "${alike}"?`;
  return /^[A-Za-z][\w.-]{0,40}$/.test(key)
    ? `Expected ${name} to have no parameter "${key}": it is not known here and would have no effect; ${hint}.`
    : `Expected ${name} to have known parameters alone, got one of another form; ${hint}. In a password, ? is written %3F.`;
}
