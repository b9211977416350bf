import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type AnySchemaObject } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readSourceTexts, ROOT } from '../architecture/source-texts.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const document: unknown = parse(read('docker-compose.yml'), { merge: true });

/** What the questions below need of it; the schema judges the rest. */
const { services } = z
  .object({
    services: z.record(
      z.string(),
      z.object({
        image: z.string().optional(),
        build: z.object({ target: z.string() }).optional(),
        command: z.array(z.string()).optional(),
        container_name: z.string().optional(),
        environment: z.record(z.string(), z.string()).default({}),
        healthcheck: z.looseObject({ disable: z.boolean().optional() }).optional(),
        ports: z.array(z.string()).default([]),
        stop_grace_period: z.string().optional(),
        depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      }),
    ),
  })
  .parse(document);
const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);

describe('docker-compose.yml', () => {
  test('fits the schema of the Compose specification', () => {
    // Of github.com/compose-spec/compose-spec, its licence beside it. Its dialect's address is not the one that ajv knows it by.
    const { $schema: _, ...schema } = JSON.parse(read('tests/deploy/compose-spec.json')) as AnySchemaObject;
    const ajv = new Ajv({ strict: false, allErrors: true });
    const fits = ajv.validate(schema, document);
    expect(ajv.errors ?? []).toEqual([]);
    expect(fits).toBe(true);
    expect(ajv.validate(schema, { services: { worker: { imagee: 'typo' } } })).toBe(false);
  });

  test('has everything that the app stands on', () => {
    expect(Object.keys(services).toSorted()).toEqual(
      ['dashboard', 'mailpit', 'migrate', 'postgres', 'rabbitmq', 'redis', 'relay', 'shop', 'worker'].toSorted(),
    );
  });

  test('holds no secret: each must be given', () => {
    const text = read('docker-compose.yml');
    const secrets = [...text.matchAll(/\$\{(\w*(?:PASSWORD|SECRET|_KEY|USERS)\w*)([^}]*)\}/g)];
    expect(secrets.length).toBeGreaterThan(4);
    expect(secrets.filter(([, , how]) => how?.startsWith(':?') !== true).map(([all]) => all)).toEqual([]);
    for (const [, { environment }] of Object.entries(services)) {
      const plain = Object.entries(environment).filter(
        ([name, value]) => /PASSWORD|SECRET|_KEY|USERS/.test(name) && !value.startsWith('${'),
      );
      expect(plain).toEqual([]);
    }
  });

  test('is reached from this machine alone', () => {
    const ports = Object.values(services).flatMap(service => service.ports);
    expect(ports.length).toBeGreaterThan(2);
    expect(ports.filter(port => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('the queues are neither evicted nor lost with the process', () => {
    const command = services['redis']?.command?.join(' ') ?? '';
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(command).toContain('--appendonly yes');
  });

  test('a worker can be scaled, and is not killed before it has handed its jobs back', () => {
    const worker = services['worker'];
    expect(worker?.ports).toEqual([]);
    expect(worker?.container_name).toBeUndefined();
    const grace = Number(worker?.environment['SHUTDOWN_GRACE_MS']);
    expect(Number(worker?.stop_grace_period?.replace('s', '')) * 1_000).toBeGreaterThan(grace);
  });

  test('whatever stays up has a health check, its own or its image’s', () => {
    const images = read('Dockerfile')
      .split(/^FROM /m)
      .filter(stage => stage.includes('\nHEALTHCHECK'))
      .map(stage => /^\S+ AS (\w+)/.exec(stage)?.[1]);
    const without = Object.entries(services).filter(
      ([, { healthcheck, build }]) => healthcheck === undefined && !images.includes(build?.target),
    );
    expect(without.map(([name]) => name)).toEqual([]);
    const disabled = Object.entries(services).filter(([, { healthcheck }]) => healthcheck?.disable === true);
    expect(disabled.map(([name]) => name)).toEqual(['migrate']);
  });

  test('nothing of ours starts before the tables are there', () => {
    const early = ours.filter(
      ([name, { depends_on }]) =>
        name !== 'migrate' && depends_on['migrate']?.condition !== 'service_completed_successfully',
    );
    expect(early.map(([name]) => name)).toEqual([]);
  });

  test('every variable that it sets is one that the code reads, and every command starts a file of ours', () => {
    const files = readSourceTexts().filter(({ isTest }) => !isTest);
    const everything = files.map(({ text }) => text).join('\n');
    for (const [name, { environment, command = [] }] of ours) {
      const unread = Object.keys(environment).filter(variable => !everything.includes(`'${variable}'`));
      expect({ name, unread }).toEqual({ name, unread: [] });
      const source = (command[1] ?? '').replace(/^dist\/(.*)\.js$/, '$1.ts');
      expect(files.map(({ path }) => path)).toContain(source);
    }
  });
});
