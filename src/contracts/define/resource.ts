import { kindOf, shown } from '../../errors/index.ts';
import { InvalidContractError } from './invalid-contract-error.ts';
import { requireDefinition } from './checks/require-definition.ts';
import { unknownOptions, type Known } from './checks/known-options.ts';
import type { Environment } from '../../config/index.ts';
import type { Facts } from '../../facts/index.ts';

/** While a resource reads its configuration. */
export interface ConfigureContext {
  /** Names the handlers that need it, to complete "it is needed by". */
  readonly neededBy: string;
  /** Declares that this resource stands on another one, so that its variables are checked too. */
  also(resource: AnyResource): void;
}

/** While a resource is opened. */
export interface OpenContext {
  readonly facts: Facts;
  /** The one instance of another resource in this process; it is closed after this one. */
  use<Value>(resource: Resource<Value>): Promise<Value>;
}

export interface ResourceDefinition<Config, Value> {
  /** Unique, lower case: it appears in messages. */
  readonly name: string;
  /** Reads variables; states faults through `environment`, never throws. */
  configure(environment: Environment, context: ConfigureContext): Config;
  /** Makes the value, once per process. Connecting lazily is better than failing here. */
  open(config: Config, context: OpenContext): Value | Promise<Value>;
  close?(value: Value): void | Promise<void>;
  /** Creates or upgrades what it stores; run by `shiftwork migrate`, safe to repeat. */
  migrate?(value: Value): Promise<void>;
}

/** What handlers work with and the process owns: a mailer, a pool, an HTTP client. */
export interface Resource<Value> {
  readonly kind: 'resource';
  readonly name: string;
  /** Reads and checks the variables now; the value is opened later. */
  configure(environment: Environment, context: ConfigureContext): OpenableResource<Value>;
}

export interface OpenableResource<Value> {
  open(context: OpenContext): Promise<OpenedResource<Value>>;
}

export interface OpenedResource<Value> {
  readonly value: Value;
  close(): Promise<void>;
  migrate(): Promise<void>;
}

export type AnyResource = Resource<unknown>;

/** Named resources a handler declares, and the values it gets for them. */
export type Needs = Readonly<Record<string, AnyResource>>;
export type ValuesOf<N extends Needs> = {
  readonly [Name in keyof N]: N[Name] extends Resource<infer Value> ? Value : never;
};

const KNOWN: Known<ResourceDefinition<unknown, unknown>> = {
  name: true,
  configure: true,
  open: true,
  close: true,
  migrate: true,
};

/**
 * Defines something that handlers need and a process opens once. Handlers name it in `handle`; the worker
 * reads its variables at start, refuses to start when they are wrong, opens it, and closes it last.
 * @throws InvalidContractError when a part cannot work, naming the resource and the part
 */
export function defineResource<Config, Value>(definition: ResourceDefinition<Config, Value>): Resource<Value> {
  requireDefinition('defineResource({ name, configure, open })', definition);
  const [unknown] = unknownOptions(definition, KNOWN);
  const { name } = definition;
  const refuse = (problem: string): never => {
    throw new InvalidContractError(`resource ${shown(name)}: ${problem}`);
  };
  if (unknown !== undefined) refuse(unknown);
  if (typeof name !== 'string' || !/^[^\p{Cc}]{1,100}$/u.test(name)) refuse('expected a name of 1 to 100 characters.');
  for (const part of ['configure', 'open', 'close', 'migrate'] as const) {
    const given: unknown = definition[part];
    if (typeof given === 'function' || (given === undefined && (part === 'close' || part === 'migrate'))) continue;
    refuse(`expected ${part} to be a function, got ${kindOf(given)}.`);
  }
  return Object.freeze({
    kind: 'resource',
    name: definition.name,
    configure(environment: Environment, context: ConfigureContext): OpenableResource<Value> {
      const config = definition.configure(environment, context);
      return {
        async open(openContext) {
          const value = await definition.open(config, openContext);
          return {
            value,
            close: async () => definition.close?.(value),
            migrate: async () => definition.migrate?.(value),
          };
        },
      };
    },
  });
}
