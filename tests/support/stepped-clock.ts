import { readFileSync } from 'node:fs';

/**
 * A stand-in for a machine whose clock is set while it runs, for a process that is started with `--import` of this file: `Date` is ahead by as many
 * milliseconds as the file named by STEPPED_CLOCK says, now and from then on. Monotonic time goes on, as it does when a clock is set.
 */
const file = process.env['STEPPED_CLOCK'];
if (file !== undefined) {
  const RealDate = Date;
  let aheadMs = 0;
  const look = (): void => {
    try {
      aheadMs = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      // Not there yet.
    }
  };
  look();
  setInterval(look, 20).unref();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], maker) =>
      Reflect.construct(target, args.length === 0 ? [RealDate.now() + aheadMs] : args, maker),
    get: (target, name) => (name === 'now' ? () => RealDate.now() + aheadMs : Reflect.get(target, name)),
  });
}
