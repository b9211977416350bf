/** Gives the function that makes requests the fields of its contract, and freezes it. */
export function callableContract<Make extends (...given: never[]) => unknown, Contract extends object>(
  make: Make,
  contract: Contract,
): Make & Contract {
  // A function already has a `name`, which plain assignment cannot replace.
  const fields = Object.entries(contract).map(([field, value]) => [field, { value, enumerable: true }]);
  return Object.freeze(Object.defineProperties(make, Object.fromEntries(fields))) as Make & Contract;
}
