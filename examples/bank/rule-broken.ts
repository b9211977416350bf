/** A rule of the bank forbids the command. Nothing happened. */
export class RuleBroken extends Error {
  readonly rule: 'exists' | 'unknown' | 'closed' | 'funds' | 'balance' | 'currency' | 'limit';

  constructor(rule: RuleBroken['rule'], message: string) {
    super(message);
    this.rule = rule;
  }
}
